"""The one shape in which the interface answers a list, and the parameter that asks for its next page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, Self, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from database.paging import CURSOR_MAX, Page

T = TypeVar("T")

After = Annotated[str | None, Query(max_length=CURSOR_MAX, description="``next`` of the page before")]


class PageOut(BaseModel, Generic[T]):
    """Some items of a list, in its order."""

    items: list[T]
    next: str | None = Field(description="pass it as ``after`` for those that follow; null at the end")

    @classmethod
    def of(cls, page: Page[Any], make: Callable[[Any], T], **more: Any) -> Self:
        """A page of the rooms below, each item made what the interface shows. more: other fields of the answer."""
        return cls(items=[make(item) for item in page.items], next=page.next, **more)

    @classmethod
    def whole(cls, items: Iterable[T], **more: Any) -> Self:
        """A list that is never long enough to have pages."""
        return cls(items=list(items), next=None, **more)

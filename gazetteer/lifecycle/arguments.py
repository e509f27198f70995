"""What each operation needs, as it stands in a change set or a request."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.writing import NewAddress

Lon = Annotated[float, Field(ge=73, le=136, description="degrees, EPSG:4490", examples=[119.9774])]
Lat = Annotated[float, Field(ge=3, le=54, description="degrees, EPSG:4490", examples=[30.5425])]
FullText = Annotated[str, Field(min_length=3, max_length=200, examples=["德清县武康街道千秋社区永安街12号"])]
Village = Annotated[str, Field(pattern=r"^\d{12}$", examples=["330521001001"])]
Done = TypeVar("Done")
Uids = Annotated[list[uuid.UUID], Field(min_length=1, max_length=10_000)]


class Arguments(BaseModel):
    """The arguments of one operation; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    def call(self, act: Callable[..., Done], connection: Connection, operation: Operation) -> Done:
        """Do what the operation does with them. act: the function of ``OPERATIONS`` under the name of these arguments."""
        return act(connection, operation, **self._values())

    def _values(self) -> dict[str, Any]:
        """As the operation takes them."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class NewOne(Arguments):
    """An address to be made."""

    full_text: FullText
    lon: Lon | None = None
    lat: Lat | None = None

    def address(self) -> NewAddress:
        """As the operations take it."""
        return NewAddress(self.full_text, self.lon, self.lat)


class Create(Arguments):
    """New addresses, drafts unless said otherwise; division_code where a text does not name its village."""

    new: Annotated[list[NewOne], Field(min_length=1, max_length=10_000)]
    division_code: Village | None = None
    status: Literal["draft", "published"] = "draft"

    def _values(self) -> dict[str, Any]:
        """As the operation takes them."""
        return {
            "new": [one.address() for one in self.new],
            "division_code": self.division_code,
            "status": self.status,
        }


class Several(Arguments):
    """Addresses by uid."""

    uids: Uids


class Text(Arguments):
    """One address and its new text."""

    uid: uuid.UUID
    full_text: FullText


class RenameRoad(Arguments):
    """A road of a town or village, its old and its new name as written."""

    division_code: Annotated[str, Field(pattern=r"^\d{9}(\d{3})?$", examples=["330521001"])]
    old: Annotated[str, Field(min_length=2, max_length=50, examples=["永安街"])]
    new: Annotated[str, Field(min_length=2, max_length=50, examples=["永宁街"])]


class Renumber(Arguments):
    """uid → new door number."""

    numbers: Annotated[
        dict[uuid.UUID, Annotated[str, Field(min_length=1, max_length=30, examples=["12号"])]],
        Field(min_length=1, max_length=10_000),
    ]


class Split(Arguments):
    """One address and what it becomes."""

    uid: uuid.UUID
    parts: Annotated[list[NewOne], Field(min_length=2, max_length=1_000)]

    def _values(self) -> dict[str, Any]:
        """As the operation takes them."""
        return {"uid": self.uid, "parts": [one.address() for one in self.parts]}


class Merge(Arguments):
    """Several addresses and the one they become."""

    uids: Annotated[list[uuid.UUID], Field(min_length=2, max_length=1_000)]
    into: NewOne

    def _values(self) -> dict[str, Any]:
        """As the operation takes them."""
        return {"uids": self.uids, "into": self.into.address()}


class MergeVillages(Arguments):
    """The village that ends and the one it becomes part of."""

    old_code: Village
    new_code: Village


class Move(Arguments):
    """One address and its new door point."""

    uid: uuid.UUID
    lon: Lon
    lat: Lat


class Restore(Arguments):
    """The operation that is taken back."""

    operation_id: uuid.UUID


#: name of an operation → its arguments
ARGUMENTS: dict[str, type[Arguments]] = {
    "create": Create,
    "edit": Text,
    "review": Several,
    "publish": Several,
    "rename": Text,
    "rename_road": RenameRoad,
    "renumber": Renumber,
    "split": Split,
    "merge": Merge,
    "merge_villages": MergeVillages,
    "move": Move,
    "demolish": Several,
    "restore": Restore,
}

"""What the administrators of accounts send and read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from database.rights.scope import Role

Prefix = Annotated[str, Field(pattern=r"^\d{6,17}$", examples=["330521100"])]


class NewAccount(BaseModel):
    """An account to be made; role, scope and password come from the security administrator."""

    username: str = Field(min_length=2, max_length=32, examples=["zhangsan"])
    display_name: str = Field(min_length=1, max_length=60, examples=["示例镇 综治干部"])


class SeenGrantIn(BaseModel):
    """Role and scope as the administrator saw them."""

    role: str | None = Field(max_length=32, examples=["village_officer"])
    prefixes: list[Prefix] = Field(max_length=200)


class Grant(BaseModel):
    """Role and scope of an account."""

    role: Role
    prefixes: list[Prefix] = Field(min_length=1, max_length=200, description="grid-code prefixes it may see")
    seen: SeenGrantIn | None = Field(
        default=None, description="what the account had when you looked; 409 when it has something else by now"
    )


class FirstPassword(BaseModel):
    """A password to be handed over, shown once; its owner changes it at the first sign-in."""

    password: str | None = Field(description="none when the account has its own already", examples=["v7Jq-0sXbYtA3kPe"])


class ListedAccountOut(BaseModel):
    """An account in the list."""

    username: str = Field(examples=["zhangsan"])
    display_name: str
    role: Role | None = Field(description="none until it is granted", examples=["town_official"])
    prefixes: list[str]
    disabled: bool
    created_at: datetime
    signed_in_at: datetime | None
    must_change_password: bool
    has_second_factor: bool
    sessions: int
    tokens: int
    failures: int = Field(description="failed sign-ins since the last right one")
    last_failure_at: datetime | None
    failure_addresses: list[str]
    paused_lanes: int = Field(description="addresses that have to wait before they may try again")
    separated: bool = Field(description="one of the three administrators: managed on the server only")


class ScopeChoiceOut(BaseModel):
    """A town or a village."""

    code: str = Field(examples=["330521100"])
    name: str = Field(examples=["示例镇"])


class Counted(BaseModel):
    """How many there were."""

    n: int = Field(examples=[2])

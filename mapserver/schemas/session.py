"""What signing in takes and gives."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr


class SignIn(BaseModel):
    """Name and password."""

    username: str = Field(min_length=1, max_length=64, examples=["xiangzhen"])
    password: SecretStr = Field(min_length=1, max_length=256)


class AccountOut(BaseModel):
    """The account behind the session."""

    username: str
    display_name: str
    role: str = Field(examples=["town_official"])
    county: str = Field(examples=["330521"])
    county_name: str
    synthetic: bool = Field(description="true for generated demo data")
    prefixes: list[str] = Field(description="grid-code prefixes this account sees")
    permissions: list[str] = Field(examples=[["alerts.view", "map.view"]])

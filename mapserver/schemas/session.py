"""What signing in, and looking after one's own account, takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from database.rights.scope import Role


def _writable(password: SecretStr) -> SecretStr:
    """Refuse half characters (lone surrogates), which JSON may carry and no password can hold."""
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("含有无法保存的字符 / it holds characters that cannot be kept") from None
    return password


Password = Annotated[SecretStr, Field(min_length=1, max_length=256), AfterValidator(_writable)]


class SignIn(BaseModel):
    """Name and password; the code of the second factor when it was asked for."""

    username: str = Field(min_length=1, max_length=64, examples=["xiangzhen"])
    password: Password
    code: str | None = Field(
        None, max_length=40, description="six digits of the authenticator app, or a recovery code", examples=["492039"]
    )


class FailuresOut(BaseModel):
    """Failed sign-ins since the last right one."""

    failures: int = Field(examples=[37])
    last_at: datetime
    addresses: list[str] = Field(description="the latest, at most five", examples=[["10.3.7.21"]])


class SettingsOut(BaseModel):
    """What the server holds a form to, so that a form can say it first."""

    purpose_min: int = Field(examples=[4], description="fewest characters of the purpose of a look at personal data")


class AccountOut(BaseModel):
    """The account behind the session."""

    username: str
    display_name: str
    role: Role = Field(examples=["town_official"])
    county: str = Field(examples=["330521"])
    county_name: str
    synthetic: bool = Field(description="true for generated demo data")
    prefixes: list[str] = Field(description="grid-code prefixes this account sees")
    permissions: list[str] = Field(examples=[["alerts.view", "map.view"]])
    settings: SettingsOut
    due: Literal["password", "second_factor"] | None = Field(description="what must be done before anything else works")


class WelcomeOut(AccountOut):
    """The account that signed in, and what happened at its door meanwhile."""

    failed_before: FailuresOut | None


class PasswordChange(BaseModel):
    """The present password and the new one."""

    password: Password
    new_password: Password = Field(examples=["four unrelated words"])


class Proof(BaseModel):
    """The password again, and a code when the account has a second factor."""

    password: Password
    code: str | None = Field(None, max_length=40, examples=["492039"])


class Code(BaseModel):
    """Six digits of the authenticator app."""

    code: str = Field(min_length=6, max_length=40, examples=["492039"])


class SecondFactorOut(BaseModel):
    """The state of one's second factor."""

    in_force: bool
    required: bool = Field(description="the role must have one")
    recovery_codes_left: int = Field(examples=[10])


class EnrolmentOut(BaseModel):
    """What the authenticator app needs: scan the picture or type the secret."""

    secret: str = Field(examples=["JBSWY3DPEHPK3PXP"])
    uri: str
    qr_svg: str = Field(description="the same as an inline SVG")


class RecoveryCodesOut(BaseModel):
    """Codes that stand in for the app once each; shown once."""

    codes: list[str] = Field(examples=[["1f3a9-0c2b7-9d4e1-7a6b5"]])


class SessionOut(BaseModel):
    """One browser session."""

    id: int = Field(examples=[12])
    created_at: datetime
    last_seen_at: datetime
    address: str | None = Field(examples=["10.3.7.21"])
    agent: str | None = Field(examples=["Chrome 128 · Windows"])
    current: bool


class TokenIn(Proof):
    """A new token: what it is for and how long it lives."""

    name: str = Field(min_length=1, max_length=80, examples=["QGIS"])
    days: int = Field(90, ge=1, le=365)


class AccessTokenOut(BaseModel):
    """A token in the list of its owner."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["QGIS"])
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class NewTokenOut(BaseModel):
    """A new token, shown once."""

    token: str = Field(examples=["om_…"])

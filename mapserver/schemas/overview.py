"""What the overview route gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, create_model

from alerts.lifecycle import AlertStatus
from layers.catalogue.registry import KINDS

if TYPE_CHECKING:
    Totals = BaseModel
else:
    _COUNTED: dict[str, Any] = {
        total.name: (int, Field(description=f"{total.label.en} ({total.label.zh})"))
        for kind in KINDS.values()
        for total in kind.totals
    }
    Totals = create_model("Totals", __doc__="How many records of each library the account sees.", **_COUNTED)


class OpenBySeverity(BaseModel):
    """Alerts that wait for something, by severity."""

    high: int
    medium: int
    low: int


class RuleCount(BaseModel):
    """Alerts of one rule that wait for something."""

    rule: str = Field(examples=["two_households"])
    title: str = Field(examples=["一人两户"])
    n: int


class AlertSummary(BaseModel):
    """Alerts (预警): open, acknowledged and assigned ones wait for something."""

    open_by_severity: OpenBySeverity
    by_status: dict[AlertStatus, int] = Field(description="all alerts, by status; a status without alerts is left out")
    by_rule: list[RuleCount] = Field(description="waiting alerts, the most frequent rule first")


class Town(BaseModel):
    """A town or subdistrict (乡镇、街道) in scope, for filters."""

    code: str = Field(examples=["330521001"])
    name: str = Field(examples=["武康街道"])


class Overview(BaseModel):
    """Totals and alerts, as far as the account sees."""

    county: str = Field(examples=["330521"])
    name: str
    bounds: tuple[float, float, float, float] | None = Field(
        description="west, south, east, north of the scope in EPSG:4490; null when empty"
    )
    totals: Totals
    alerts: AlertSummary
    towns: list[Town]

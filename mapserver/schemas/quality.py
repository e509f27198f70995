"""What the quality routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from database.vocabulary import Severity
from gazetteer.library.vocabulary import AddressStatus
from gazetteer.quality.vocabulary import FindingState, RuleFamily


class ManualOut(BaseModel):
    """The manual of a rule."""

    title: str = Field(examples=["同村地址重复"])
    title_en: str = Field(examples=["Same text twice in a village"])
    problem: str
    matters: str
    mend: str
    english: str


class QualityRuleOut(BaseModel):
    """A rule with its manual and the number of its findings in scope."""

    name: str = Field(examples=["duplicate_text"])
    family: RuleFamily = Field(examples=["duplicates"])
    family_zh: str = Field(examples=["重复"])
    severity: Severity = Field(examples=["high"])
    fixable: bool
    manual: ManualOut
    open_n: int
    fixed_n: int
    ignored_n: int


class VillageCount(BaseModel):
    """The open findings of one rule in one village."""

    rule: str = Field(examples=["duplicate_text"])
    division_code: str = Field(examples=["330521001001"])
    division_name: str | None = Field(examples=["千秋社区居民委员会"])
    open_n: int


class RunOut(BaseModel):
    """One run of the rules. rules: name → found_n, seconds."""

    id: int
    actor: str
    started_at: datetime
    finished_at: datetime
    addresses_n: int
    rules: dict[str, Any]


class QualityOut(BaseModel):
    """The state of the library: the last run, every rule, the counts by rule and village."""

    last_run: RunOut | None
    rules: list[QualityRuleOut]
    villages: list[VillageCount]


class QualityFindingOut(BaseModel):
    """A finding with its address and the sentence that explains it."""

    id: int
    rule: str
    title: str
    severity: Severity
    state: FindingState
    sentence: str = Field(examples=["同村有 2 条写法相同：33052100100100000001、33052100100100000002"])
    address_id: int
    code: str
    full_text: str
    status: AddressStatus
    lon: float | None
    lat: float | None
    division_code: str
    grid_code: str
    facts: dict[str, Any]
    ignored_reason: str | None
    ignored_by: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None


class RunAccepted(BaseModel):
    """queued: false when a run waits already, which will see the same addresses."""

    queued: bool = Field(examples=[True])


class IgnoreIn(BaseModel):
    """Why the address is right as it is."""

    reason: str = Field(min_length=2, max_length=500, examples=["转角房，确有两个门牌，已现场核实"])


class FixIn(BaseModel):
    """Mend what a rule found. dry_run: show only."""

    dry_run: bool = True
    reason: str | None = Field(default=None, min_length=2, max_length=500, examples=["统一书写格式"])
    village: str | None = Field(default=None, pattern=r"^\d{6}(\d{3}(\d{3})?)?$", examples=["330521001001"])


class FixChange(BaseModel):
    """One address: the columns before and after."""

    address_id: int
    code: str
    before: dict[str, Any]
    after: dict[str, Any]


class FixOut(BaseModel):
    """What a fix did or would do. fix_id: null for a dry run, and when nothing was to be done. changes: the first ones."""

    rule: str = Field(examples=["full_width"])
    fix_id: int | None = Field(examples=[4])
    changed_n: int
    skipped_n: int = Field(description="open findings that the fix leaves to a person")
    changes: list[FixChange]


class RevertOut(BaseModel):
    """How many addresses were put back; one that was changed again since is left as it is."""

    restored_n: int = Field(examples=[12])

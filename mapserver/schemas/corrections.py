"""What the routes of the correction queue take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from gazetteer.corrections.vocabulary import (
    CorrectionAction,
    CorrectionBatchKind,
    CorrectionKind,
    CorrectionOutcome,
    CorrectionStatus,
)
from mapserver.schemas.addresses import CandidateOut


class DecisionIn(BaseModel):
    """What was decided. Send a choice's ``decision`` back as it came, or one of your own."""

    action: CorrectionAction = Field(
        description="alias: the text means address_id. rule: in division_code, written means standard. accept, reject: of a "
        "review. dismiss: no address of this county, or nobody can tell",
        examples=["alias"],
    )
    address_id: int | None = Field(default=None, ge=1, le=2**63 - 1, examples=[12])
    division_code: str | None = Field(default=None, pattern=r"^\d{9}(\d{3})?$", examples=["330521001001"])
    written: str | None = Field(default=None, max_length=100, examples=["雍安街"])
    standard: str | None = Field(default=None, max_length=100, examples=["永安街"])
    confirm: bool = Field(default=False, description="go ahead although the re-test warns")
    note: str | None = Field(default=None, max_length=500, examples=["老住户的叫法"])


class TrialIn(DecisionIn):
    """A decision, or only a trial of one."""

    trial: bool = Field(default=False, description="true: only re-test against the whole library, change nothing")


class ConflictOut(BaseModel):
    """What the decision would break. blocking: no confirmation helps."""

    kind: str = Field(examples=["matched_otherwise"])
    text: str = Field(examples=["现在这个文本匹配到另一个标准地址（B 类），已有的关联会改变"])
    blocking: bool
    n: int
    samples: list[str]


class CorrectionOut(BaseModel):
    """A row of the queue: a text without a certain match, or a review of an address."""

    id: int
    kind: CorrectionKind = Field(examples=["match"])
    address_text: str = Field(examples=["武康街道千秋社区雍安街1号"])
    division_code: str | None = Field(examples=["330521001001"])
    road_key: str | None = Field(examples=["雍安街"])
    occurrences: int = Field(description="records with this text", examples=[3])
    status: CorrectionStatus
    outcome: CorrectionOutcome | None
    address_id: int | None
    batch_id: int | None
    review_id: int | None
    reason_code: str | None = Field(description="of a review", examples=["village_mismatch"])
    reason: str | None = Field(examples=["地址写的是千秋社区，坐标落在春晖社区"])
    facts: dict[str, Any] | None
    decided_by: str | None
    decided_at: datetime | None
    leased_by: str | None
    leased_until: datetime | None
    grid_code: str


class ChoiceOut(BaseModel):
    """One key to press and the decision it sends."""

    key: str = Field(description="1–5: a candidate; r: the rule; a: accept; x: reject or dismiss", examples=["1"])
    label: str = Field(examples=["就是：德清县武康街道千秋社区永安街1号"])
    decision: DecisionIn


class NextOut(BaseModel):
    """The row that is yours for ten minutes, or null; what it may mean, and what you may press."""

    correction: CorrectionOut | None
    candidates: list[CandidateOut]
    choices: list[ChoiceOut]
    waiting_n: int


class DecidedOut(BaseModel):
    """What came of a decision. batch_id: for undoing it; null for a trial."""

    correction: CorrectionOut
    batch_id: int | None
    conflicts: list[ConflictOut] = Field(description="confirmed warnings, or what the trial found")
    alike_n: int = Field(description="waiting rows that are alike: apply-alike decides them the same way")


class NoteIn(BaseModel):
    """Why, in words."""

    note: str | None = Field(default=None, max_length=500, examples=["村委会已确认"])


class AppliedOut(BaseModel):
    """batch_id: null when there was nothing to decide. left_n: alike, yet uncertain still or on another screen."""

    batch_id: int | None
    decided_n: int = Field(examples=[37])
    left_n: int = Field(examples=[2])


class CollectingOut(BaseModel):
    """handed_in: false when the same work waits already. waiting_n: rows that wait for a person now."""

    handed_in: bool = Field(examples=[True])
    waiting_n: int = Field(examples=[37])


class CorrectionBatchOut(BaseModel):
    """What was decided in one go."""

    id: int
    kind: CorrectionBatchKind
    action: CorrectionAction
    summary: str = Field(examples=["在 330521001001，“雍安街”即“永安街”"])
    decided_n: int
    note: str | None
    actor: str
    created_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    grid_code: str

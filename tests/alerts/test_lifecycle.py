"""The closed loop: every step from every status, and what each needs."""

import pytest

from alerts.lifecycle import (
    ALLOWED_FROM,
    ENDED,
    OFF_THE_MAP,
    PENDING,
    STATUS_LABELS,
    STEP_LABELS,
    AlertAction,
    AlertSystemStep,
    StepIncomplete,
    StepNotPossible,
    Transition,
    next_status,
    possible_actions,
)

COMPLETE: dict[AlertAction, Transition] = {
    "acknowledge": Transition("acknowledge"),
    "assign": Transition("assign", assignee="worker"),
    "verify": Transition("verify", reason="上门核实", verdict="confirmed"),
    "settle": Transition("settle"),
    "close": Transition("close", reason="已处理"),
    "reopen": Transition("reopen", reason="再次发生"),
}
#: with what the rule found still there: without settle
POSSIBLE: dict[str, dict[AlertAction, str]] = {
    "open": {"acknowledge": "acknowledged", "assign": "assigned", "verify": "confirmed", "settle": "cleared"},
    "acknowledged": {"assign": "assigned", "verify": "confirmed", "settle": "cleared"},
    "assigned": {"assign": "assigned", "verify": "confirmed", "settle": "cleared"},
    "confirmed": {"close": "closed", "reopen": "open"},
    "refuted": {"close": "closed", "reopen": "open"},
    "closed": {"reopen": "open"},
    "cleared": {"reopen": "open"},
}


@pytest.mark.parametrize("status", POSSIBLE)
@pytest.mark.parametrize("action", COMPLETE)
def test_every_step_from_every_status(status: str, action: AlertAction) -> None:
    expected = POSSIBLE[status].get(action)
    if expected is None:
        with pytest.raises(StepNotPossible) as caught:
            next_status(status, COMPLETE[action], ceased=True)
        assert STATUS_LABELS[status] in str(caught.value)
    else:
        assert next_status(status, COMPLETE[action], ceased=True) == expected


@pytest.mark.parametrize("status", POSSIBLE)
def test_the_steps_offered_are_the_steps_possible(status: str) -> None:
    assert set(possible_actions(status, ceased=True)) == set(POSSIBLE[status])
    assert set(possible_actions(status)) == set(POSSIBLE[status]) - {"settle"}


@pytest.mark.parametrize("status", ["open", "acknowledged", "assigned"])
def test_what_still_holds_is_not_settled(status: str) -> None:
    with pytest.raises(StepNotPossible):
        next_status(status, Transition("settle"))


def test_a_verdict_can_be_refuted() -> None:
    assert next_status("assigned", Transition("verify", reason="查无此事", verdict="refuted")) == "refuted"


@pytest.mark.parametrize(
    ("status", "step", "missing"),
    [
        ("open", Transition("verify", verdict="confirmed"), "reason"),
        ("open", Transition("verify", reason="   ", verdict="confirmed"), "reason"),
        ("open", Transition("verify", reason="属实"), "verdict"),
        ("open", Transition("assign"), "assignee"),
        ("confirmed", Transition("close"), "reason"),
        ("closed", Transition("reopen"), "reason"),
    ],
)
def test_a_step_without_what_it_needs_is_refused(status: str, step: Transition, missing: str) -> None:
    with pytest.raises(StepIncomplete) as caught:
        next_status(status, step)
    assert caught.value.facts == {"missing": missing}


def test_every_status_has_a_label() -> None:
    assert set(STATUS_LABELS) == set(POSSIBLE)
    assert set().union(*ALLOWED_FROM.values()) <= set(STATUS_LABELS)
    assert set(STATUS_LABELS) >= PENDING | ENDED | OFF_THE_MAP
    assert not PENDING & ENDED


def test_every_step_has_a_label() -> None:
    assert set(STEP_LABELS) == {*ALLOWED_FROM, *AlertSystemStep}

"""The closed loop: every step from every status, and what each needs."""

import pytest

from layers.alerts.lifecycle import (
    ALLOWED_FROM,
    STATUS_LABELS,
    Action,
    StepIncomplete,
    StepNotPossible,
    Transition,
    next_status,
    possible_actions,
)

COMPLETE: dict[Action, Transition] = {
    "acknowledge": Transition("acknowledge"),
    "assign": Transition("assign", assignee="worker"),
    "verify": Transition("verify", reason="上门核实", verdict="confirmed"),
    "close": Transition("close", reason="已处理"),
    "reopen": Transition("reopen", reason="再次发生"),
}
POSSIBLE: dict[str, dict[Action, str]] = {
    "open": {"acknowledge": "acknowledged", "assign": "assigned", "verify": "confirmed"},
    "acknowledged": {"assign": "assigned", "verify": "confirmed"},
    "assigned": {"assign": "assigned", "verify": "confirmed"},
    "confirmed": {"close": "closed", "reopen": "open"},
    "refuted": {"close": "closed", "reopen": "open"},
    "closed": {"reopen": "open"},
}


@pytest.mark.parametrize("status", POSSIBLE)
@pytest.mark.parametrize("action", COMPLETE)
def test_every_step_from_every_status(status: str, action: Action) -> None:
    expected = POSSIBLE[status].get(action)
    if expected is None:
        with pytest.raises(StepNotPossible) as caught:
            next_status(status, COMPLETE[action])
        assert STATUS_LABELS[status] in str(caught.value)
    else:
        assert next_status(status, COMPLETE[action]) == expected


@pytest.mark.parametrize("status", POSSIBLE)
def test_the_steps_offered_are_the_steps_possible(status: str) -> None:
    assert set(possible_actions(status)) == set(POSSIBLE[status])


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

"""The rules, in the order they are shown. A new rule is a new file and a line here."""

from alerts.detection.finding import Rule
from alerts.detection.rules import (
    elderly_alone_unvisited,
    event_surge,
    registered_actual_differ,
    two_households,
    unknown_address,
    vacant_but_occupied,
)

RULES: dict[str, Rule] = {
    module.RULE.name: module.RULE
    for module in (
        two_households,
        elderly_alone_unvisited,
        vacant_but_occupied,
        unknown_address,
        event_surge,
        registered_actual_differ,
    )
}


def needs_second_person(rule: str, severity: str) -> bool:
    """Whether who verified an alert may not close it: as its rule says, else when the alert or its rule is of high severity."""
    known = RULES.get(rule)
    if known is not None and known.second_person is not None:
        return known.second_person
    return "high" in (severity, known.severity if known else severity)

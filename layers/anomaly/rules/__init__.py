"""The rules, in the order they are shown. A new rule is a new file and a line here."""

from layers.anomaly.finding import Rule
from layers.anomaly.rules import (
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

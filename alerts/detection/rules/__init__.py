"""One module a rule; its docstring is the rule's manual. A new rule is a new file here and its test, nothing else."""

from alerts.detection import rules
from alerts.detection.rule import AnomalyRule
from database.rules.rule import discover
from database.vocabulary import Severity

_GRAVITY = list(Severity)

#: The rules in the order they are shown: the gravest first, then by name.
RULES: dict[str, AnomalyRule] = dict(
    sorted(discover(rules, AnomalyRule).items(), key=lambda item: (_GRAVITY.index(item[1].severity), item[0]))
)


def needs_second_person(rule: str, severity: str) -> bool:
    """Whether who verified an alert may not close it: as its rule says, else when the alert or its rule is of high severity."""
    declaration = RULES.get(rule)
    if declaration is not None and declaration.second_person is not None:
        return declaration.second_person
    return "high" in (severity, declaration.severity if declaration else severity)

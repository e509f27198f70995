"""What every rule is: a manual with its parameters in it, parameters that say where they come from, found by its file."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from database.rules.manual import Manual, ManualIncomplete
from database.rules.parameters import parameter, parameters_of, values_of
from database.rules.rule import Rule, discover
from database.vocabulary import Severity

DOCSTRING = "名 | Name\n\n问题：超过 {days} 天\n影响：有\n处理：改\nEnglish: more than {days} days"
WORDS = {"unit": "天", "unit_en": "days", "meaning": "几天", "meaning_en": "days", "source": "定", "source_en": "set"}


@dataclass(frozen=True, slots=True)
class Limits:
    days: int = parameter(30, **WORDS)
    factor: float = parameter(3.0, **WORDS)


def test_a_manual_says_the_values_of_its_parameters() -> None:
    manual = Manual.of(DOCSTRING, values_of(Limits()))
    assert (manual.problem, manual.english) == ("超过 30 天", "more than 30 days")
    assert Manual.of(DOCSTRING, values_of(Limits(days=7))).problem == "超过 7 天"
    with pytest.raises(ManualIncomplete):
        Manual.of(DOCSTRING)


def test_parameters_are_read_from_their_declaration() -> None:
    days, factor = parameters_of(Limits())
    assert (days.name, days.type, days.default, days.unit, days.source_en) == ("days", "integer", 30, "天", "set")
    assert (factor.type, factor.default) == ("number", 3.0)
    assert parameters_of(None) == ()


def test_a_threshold_that_is_not_declared_is_refused() -> None:
    @dataclass(frozen=True)
    class Bare:
        days: int = 30

    with pytest.raises(TypeError):
        parameters_of(Bare())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An empty package of rules."""
    (tmp_path / "some_rules").mkdir()
    (tmp_path / "some_rules" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_rules", raising=False)
    import some_rules  # type: ignore[import-not-found]

    return some_rules  # type: ignore[no-any-return]


def write(package: ModuleType, name: str, rule: str) -> None:
    head = f'"""{DOCSTRING}"""\nfrom database.rules.rule import Rule, manual_of\nfrom tests.database.test_rules import Limits\n'
    (Path(package.__path__[0]) / f"{name}.py").write_text(head + rule)
    sys.modules.pop(f"some_rules.{name}", None)


def test_a_rule_is_found_by_its_file(package: ModuleType) -> None:
    write(
        package,
        "late",
        "RULE = Rule(name='late', manual=manual_of(__doc__, Limits()), severity='low', defaults=Limits())",
    )
    (found,) = discover(package, Rule).values()
    assert (found.name, found.title, found.description, found.parameters[0].default) == ("late", "名", "超过 30 天", 30)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "RULE = 3",
        "RULE = Rule(name='other', manual=manual_of(__doc__, Limits()), severity='low', defaults=Limits())",
    ],
)
def test_a_file_that_is_no_rule_is_refused(package: ModuleType, rule: str) -> None:
    write(package, "wrong", rule)
    with pytest.raises(TypeError, match="wrong"):
        discover(package, Rule)


def test_severity_is_one_vocabulary() -> None:
    assert Severity.labels() == {"high": "高", "medium": "中", "low": "低"}

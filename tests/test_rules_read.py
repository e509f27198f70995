"""No rule, about addresses or about people, reads ethnicity, religion or the history of petitions."""

import re
from pathlib import Path

import pytest

from tests.rooms import ROOT

FORBIDDEN = re.compile(
    r"ethnic|nationalit|\bnation\b|religi|belief|\bfaith\b|petition|民族|族别|宗教|信仰|信教|教徒|信访|上访|访民",
    re.IGNORECASE,
)
#: Columns that hold whatever a department's table held: a rule that reads them reads what nobody declared.
UNDECLARED = re.compile(r"\battributes\b|\bto_jsonb\(\s*(?:p|person)\b|\b(?:p|person)\.\*")
PEOPLE = "alerts/detection"
FOLDERS = (PEOPLE, "gazetteer/quality", "grid/quality", "database/rules")
FILES = sorted(str(p.relative_to(ROOT)) for folder in FOLDERS for p in (ROOT / folder).rglob("*.py"))


def faults(source: str, *, about_people: bool) -> list[str]:
    found = [match[0] for match in FORBIDDEN.finditer(source)]
    return found + ([match[0] for match in UNDECLARED.finditer(source)] if about_people else [])


def test_no_rule_reads_ethnicity_religion_or_petitions() -> None:
    assert len(FILES) > 100
    read = {f: faults(Path(ROOT / f).read_text("utf-8"), about_people=f.startswith(PEOPLE)) for f in FILES}
    assert {file: words for file, words in read.items() if words} == {}


@pytest.mark.parametrize(
    "source",
    [
        "SELECT p.ethnicity FROM person p", "p.nationality_code", "WHERE religion = '1'", "kind = '信访'", 'Fact("民族", "x")',
        "p.attributes ->> 'x'", "SELECT p.* FROM person p", "to_jsonb(p)",
    ],
)  # fmt: skip
def test_the_lint_sees_what_it_forbids(source: str) -> None:
    assert faults(source, about_people=True)

"""Facts of alerts have keys that do not change with a word; what was stored under words is stored under keys."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from sqlalchemy import Engine, text

from alerts.detection import rules
from alerts.detection.facts import AlertFact
from database.engine import Database
from database.scope import Scope
from tests.alerts.test_store import add_alert
from tests.rooms import ROOT
from tests.world import CELLS, build_county

MIGRATION = ROOT / "database/migrations/county/versions/0042_periods_and_facts.py"


def migration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("periods_and_facts", MIGRATION)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_rule_names_a_fact_in_words() -> None:
    for path in Path(rules.__path__[0]).glob("*.py"):
        source = path.read_text("utf-8")
        assert re.findall(r'"[一-鿿][^"\n]{0,20}": ', source) == [], path.name
        assert re.findall(r"->>? '[一-鿿]", source) == [], path.name


def test_old_facts_get_the_keys_of_now(owner: Engine, database: Database, system: Scope) -> None:
    pairs = dict(re.findall(r"\('([^']+)', '(\w+)'\)", migration().KEYS))
    assert set(pairs.values()) <= set(AlertFact)
    with database.transaction(system) as connection:
        build_county(connection)
        old = add_alert(
            connection, "a", CELLS[0], facts={"户号": ["H1"], "逐周（由近及远）": [2, 1], "before": {"a": 1}}
        )
        new = add_alert(connection, "b", CELLS[0], facts={"household_no": ["H2"]})
        none = add_alert(connection, "c", CELLS[0], facts={})
    with owner.begin() as connection:
        connection.execute(text("SET search_path = c330521, public"))
        for statement in migration().renamed():
            connection.execute(text(statement))
    with database.transaction(system) as connection:
        facts = {row.id: row.facts for row in connection.execute(text("SELECT id, facts FROM alert"))}
    assert facts[old] == {"household_no": ["H1"], "weeks_n": [2, 1], "before": {"a": 1}}
    assert (facts[new], facts[none]) == ({"household_no": ["H2"]}, {})

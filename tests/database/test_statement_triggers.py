"""Statement triggers keep the plan of a session's first call: those that join what was and what is may not nest loops."""

import re

import pytest

from database.functions.texts import FunctionText, function_texts
from gazetteer.library.touches import WATCHED
from layers.catalogue.registry import KINDS
from mapserver.server import metadata

TRIGGERS = [text for text in function_texts("county") if "RETURNS trigger" in text.text]
JOINS = re.compile(r"(?:FROM|JOIN) (?:old|new)_rows \w+ (?:LEFT )?JOIN (?:old|new)_rows")


@pytest.mark.parametrize("function", TRIGGERS, ids=lambda function: function.name)
def test_what_joins_old_and_new_rows_never_nests_loops(function: FunctionText) -> None:
    if JOINS.search(function.text):
        assert "\nSET enable_nestloop = off\n" in function.text
    named = set(re.findall(r"\b(old_rows|new_rows)\b", function.text.partition("AS $$")[2].partition("$$;")[0]))
    given = set(re.findall(r"TABLE AS (\w+)", function.text))
    assert named <= given, "a transition table that the trigger does not give"


def test_every_joining_trigger_was_found() -> None:
    names = {function.name for function in TRIGGERS if JOINS.search(function.text)}
    areas = {kind.table.name for kind in KINDS.values() if kind.is_area}
    assert names >= {f"tile_{kind.table.name}_update" for kind in KINDS.values()}
    assert names >= {f"tile_shape_{area}_update" for area in areas}
    assert names >= {f"touch_{watched.table}_update" for watched in WATCHED}


def test_an_area_of_the_catalogue_brings_its_triggers() -> None:
    """They were written by hand for two tables once."""
    assert metadata.KINDS_OF_RECORD
    by_name = {function.name: function for function in TRIGGERS}
    for kind in KINDS.values():
        for verb in ("insert", "update", "delete", "truncate"):
            assert f"ON {{schema}}.{kind.table.name}\n" in by_name[f"tile_{kind.table.name}_{verb}"].text
        for verb in ("update", "delete", "truncate") if kind.is_area else ():
            text = by_name[f"tile_shape_{kind.table.name}_{verb}"].text
            assert f"layer = '{kind.name}'" in text
            assert "OWNER TO onemap_tiles" in text and "REVOKE ALL" in text

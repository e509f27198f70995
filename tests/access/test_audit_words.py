"""Every act that is recorded has words for the auditor."""

import ast
from collections.abc import Iterator
from pathlib import Path

from access.audit.words import ACTIONS, ENDINGS, action_words
from gazetteer.plates.plates import PLATES
from layers.places.place_codes import PLACE_CODES
from tests.rooms import ROOMS

ROOT = Path(__file__).parents[2]
#: Functions that record, and which of their arguments is the act.
RECORDING = {"record": 1, "record_platform": 1, "audited": 0, "_note": 2, "_on": 1, "_record_at_home": 2, "_prove": 4}
NAMED = {"admit_look": "action", "prove": "act", "prove_password": "act"}


def recorded() -> Iterator[tuple[str, str]]:
    """Every act that stands as a text in the code, with its place."""
    for floor in ROOMS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                place = RECORDING.get(name)
                given = [k.value for k in node.keywords if k.arg == NAMED.get(name, "")]
                given += [] if place is None else node.args[place : place + 1]
                for part in (part for one in given for part in ast.walk(one)):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                        yield part.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_recorded_act_has_words() -> None:
    found = dict(recorded())
    assert len(found) > 50  # the search itself finds them
    made = {f"{verb}_{table.table}" for verb in ("issue", "revoke") for table in (PLATES, PLACE_CODES)}
    parts = {"issue_", "revoke_", *ENDINGS}  # of acts that are put together
    silent = {act: where for act, where in found.items() if act not in ACTIONS and act not in parts}
    assert silent == {}
    assert made <= ACTIONS.keys()


def test_what_came_of_a_sign_in_is_said_in_words_too() -> None:
    assert action_words("sign_in_second_factor") == "登录（双因素不符）"
    assert action_words("sign_in_paused") == "登录（等待中）"
    assert action_words("of_a_later_release") == "of_a_later_release"

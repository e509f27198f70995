"""One statement trigger with its function, from one template: whatever table of tiles it watches, and whatever it does."""

from __future__ import annotations

from pathlib import Path

from layers.tiles.functions.pieces import template

_FOLDER = Path(__file__).parent
TRANSITIONS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def statement_trigger(
    function: str,
    prefix: str,
    verb: str,
    table: str,
    *,
    comment: str,
    body: str,
    joins: bool = False,
    jit: bool = True,
    transitions: str | None = None,
    grants: str = "",
) -> tuple[str, str]:
    """Name and text. The trigger is called ``<prefix>_<verb>``; the function belongs to ``onemap_tiles``.

    body: one statement, or several, without the last semicolon. joins: it joins transition tables; then nested loops are off, for
    PL/pgSQL keeps the plan of a session's first call, made for that call's rows. transitions: the tables it reads, all of the verb
    when left out; TRUNCATE has none.
    """
    seen = TRANSITIONS.get(verb, "") if transitions is None else transitions
    settings = [*([] if jit else ["SET jit = off"]), *(["SET enable_nestloop = off"] if joins else [])]
    text = template(
        _FOLDER, "trigger", comment=comment, function=function, body=body, grants=grants,
        settings="".join(f"\n{setting}" for setting in settings),
        trigger=f"CREATE OR REPLACE TRIGGER {prefix}_{verb} AFTER {verb.upper()} ON {{schema}}.{table}\n"
        f"    {f'REFERENCING {seen} ' if seen else ''}FOR EACH STATEMENT",
    )  # fmt: skip
    return function, text.rstrip() + "\n"

"""What a finding says of other addresses, as far as the reader's scope shows those.

The rules compare addresses of a whole county; the facts of a finding may name one that its reader must not see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

HIDDEN = "（范围外的地址）"
#: the number of another address → what else is said of it
NAMED_BY_ID = {
    "other_id": ("other", "other_code", "other_village", "alias"),
    "parent_id": ("parent", "parent_village", "parent_status"),
    "successor_id": ("successor", "successor_status"),
    "twin_id": ("twin_code",),
}
CODES = "codes"
SEPARATOR = "、"


def mask_hidden(connection: Connection, findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings with what the entered scope does not show taken out of their facts. One question for all of them."""
    rows = list(findings)
    ids = {row["facts"][key] for row in rows for key in NAMED_BY_ID if key in row["facts"]}
    codes = {code for row in rows for code in _codes(row["facts"])}
    visible = connection.execute(
        text("SELECT id, code FROM standard_address WHERE id = ANY(:ids) OR code = ANY(:codes)"),
        {"ids": list(ids), "codes": list(codes)},
    ).all()
    visible_ids, visible_codes = {row.id for row in visible}, {row.code for row in visible}
    return [row | {"facts": _masked(row["facts"], visible_ids, visible_codes)} for row in rows]


def _codes(facts: dict[str, Any]) -> list[str]:
    return str(facts[CODES]).split(SEPARATOR) if CODES in facts else []


def _masked(facts: dict[str, Any], visible_ids: set[int], visible_codes: set[str]) -> dict[str, Any]:
    hidden: dict[str, Any] = {}
    for key, names in NAMED_BY_ID.items():
        if key in facts and facts[key] not in visible_ids:
            hidden |= {key: None} | {name: HIDDEN for name in names if name in facts}
    if CODES in facts:
        hidden[CODES] = SEPARATOR.join(c if c in visible_codes else HIDDEN for c in _codes(facts))
    return facts | hidden

"""What a finding says of other addresses, as far as the reader's scope shows those.

The rules compare addresses of a whole county; the facts of a finding may name one that its reader must not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

#: JSON document: what a finding is made of, under the keys of its rule (``Finding.facts``)
Facts = dict[str, Any]
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


def visible_facts(connection: Connection, findings: Sequence[Facts]) -> list[Facts]:
    """The facts of findings, without what the entered scope does not show. One question for all of them."""
    ids = {facts[key] for facts in findings for key in NAMED_BY_ID if key in facts}
    codes = {code for facts in findings for code in _codes(facts)}
    visible = connection.execute(
        text("SELECT id, code FROM standard_address WHERE id = ANY(:ids) OR code = ANY(:codes)"),
        {"ids": list(ids), "codes": list(codes)},
    ).all()
    visible_ids, visible_codes = {row.id for row in visible}, {row.code for row in visible}
    return [_masked(facts, visible_ids, visible_codes) for facts in findings]


def _codes(facts: Facts) -> list[str]:
    return str(facts[CODES]).split(SEPARATOR) if CODES in facts else []


def _masked(facts: Facts, visible_ids: set[int], visible_codes: set[str]) -> Facts:
    hidden: Facts = {}
    for key, names in NAMED_BY_ID.items():
        if key in facts and facts[key] not in visible_ids:
            hidden |= {key: None} | {name: HIDDEN for name in names if name in facts}
    if CODES in facts:
        hidden[CODES] = SEPARATOR.join(c if c in visible_codes else HIDDEN for c in _codes(facts))
    return facts | hidden

"""Statement triggers that note which addresses a statement changed (``address_touch``), for the indexes of every process.

One template, ``touch.sql``, for the addresses and their aliases. Where old and new rows are joined, nested loops are off: PL/pgSQL keeps
the plan of a session's first call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from database.functions.texts import register

_TEMPLATE = Path(__file__).with_name("touch.sql")


@dataclass(frozen=True, slots=True)
class Watched:
    """A table the indexes are made of. address: its column with the address. columns: what an index reads. known: which new rows it knows."""

    table: str
    address: str
    columns: tuple[str, ...]
    known: str = "true"


WATCHED = (
    Watched("address_alias", "address_id", ("address_id", "match_key")),
    Watched(
        "standard_address", "id",
        ("status", "full_text", "match_key", "local_key", "road_key", "division_code", "village_group", "city", "depth"),
        known="n.status = 'published'",
    ),
)  # fmt: skip


def functions() -> Iterator[tuple[str, str]]:
    """Name and text of each."""
    for watched in WATCHED:
        old, new = (", ".join(f"{row}.{column}" for column in watched.columns) for row in ("o", "n"))
        address = watched.address
        yield _touch(
            watched,
            "insert",
            "NEW TABLE AS new_rows",
            f"SELECT n.{address} AS id, n.grid_code FROM new_rows n WHERE {watched.known}",  # noqa: S608 - words of ours
        )
        yield _touch(
            watched, "update", "OLD TABLE AS old_rows NEW TABLE AS new_rows",
            f"SELECT n.{address} AS id, n.grid_code FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE ({new}) IS DISTINCT FROM ({old})",  # noqa: S608 - words of ours
            settings="\nSET enable_nestloop = off\nSET jit = off",
        )  # fmt: skip
        yield _touch(
            watched,
            "delete",
            "OLD TABLE AS old_rows",
            f"SELECT o.{address} AS id, o.grid_code FROM old_rows o",  # noqa: S608 - words of ours
        )


def _touch(watched: Watched, verb: str, transitions: str, changed: str, settings: str = "") -> tuple[str, str]:
    parts = {
        "table": watched.table, "verb": verb, "event": verb.upper(), "transitions": transitions, "changed": changed,
        "settings": settings,
    }  # fmt: skip
    text = _TEMPLATE.read_text("utf-8")
    for part, value in parts.items():
        text = text.replace("{" + part + "}", value)
    return f"touch_{watched.table}_{verb}", text


register("gazetteer", functions)

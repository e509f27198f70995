"""Traditional characters in a library that is written in Simplified ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import text

from database.connection.engine import raw
from gazetteer.quality.points import Library
from gazetteer.quality.rule import Found
from gazetteer.reading.normalise import fold_variants

#: A library in which more addresses than this hold Traditional characters is written in them.
MIXED_SHARE = 0.2
_SAMPLE = 5000


@lru_cache(maxsize=1)
def traditional_characters() -> str:
    """The ideographs of the common block whose Simplified form differs."""
    return "".join(c for c in map(chr, range(0x4E00, 0xA000)) if fold_variants(c) != c)


def find_traditional(library: Library) -> Iterable[Found]:
    """Addresses with Traditional characters, when the library as a whole is Simplified."""
    characters = frozenset(traditional_characters())
    sample = library.connection.scalars(
        text("SELECT full_text FROM pg_temp.quality_address WHERE live ORDER BY id % 97, id LIMIT :n"), {"n": _SAMPLE}
    ).all()
    mixed = sum(not characters.isdisjoint(written) for written in sample)
    if not sample or mixed > MIXED_SHARE * len(sample):
        return
    # only ideographs stand in the class, so nothing in it needs escaping
    found = raw(library.connection).execute(
        "SELECT id, full_text FROM pg_temp.quality_address WHERE live AND full_text ~ %s",
        (f"[{traditional_characters()}]",),
    )
    for address_id, written in found:
        shown = "".join(dict.fromkeys(c for c in written if c in characters))
        yield address_id, {"text": written, "characters": shown}

"""A short attack with every build: accounts of every role ask everything, and nobody gets what is not theirs."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from benchmarks.attack.campaign import attack
from benchmarks.attack.judge import BARE, BROKEN, CROSSED, DISTINGUISHABLE, FOREIGN, TRUSTED, UNREADABLE, Tally
from benchmarks.attack.world import NAMES
from database.installation.settings import Settings

REQUESTS, SEED = 1_000, 20260101


@pytest.fixture(scope="module")
def tally(settings: Settings, owner: Engine) -> Iterator[Tally]:
    """What the attack examined and found; its two counties are gone afterwards."""
    yield attack(REQUESTS, SEED, "least", thorough=0.03)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text("DELETE FROM platform.account WHERE county = ANY(:codes)"), {"codes": list(NAMES)})
        for code in NAMES:
            connection.execute(text(f"DROP SCHEMA c{code} CASCADE"))
        connection.execute(text("DELETE FROM platform.county WHERE code = ANY(:codes)"), {"codes": list(NAMES)})


def test_planted_leaks_are_seen(tally: Tally) -> None:
    assert len(tally.sight) >= 7
    assert all(tally.sight.values())


@pytest.mark.parametrize("kind", [FOREIGN, BARE, CROSSED, TRUSTED, BROKEN, DISTINGUISHABLE, UNREADABLE])
def test_nothing_of_this_kind_is_found(tally: Tally, kind: str) -> None:
    found = [f"{f.request.summary()} → {f.what}" for f in tally.of_kind(kind)]
    assert not found, "\n".join(found[:5])


def test_the_attack_reached_what_it_attacks(tally: Tally) -> None:
    """Refusals alone would prove nothing: nearly every operation answered somebody, and much was examined."""
    operations = [name for name in tally.answers if not name.startswith("[")]
    assert len(operations) > 100
    assert len(tally.never_answered()) <= len(operations) // 10, tally.never_answered()
    assert tally.words > 10_000
    assert tally.ids > 1_000
    assert {"json", "text", "tile", "workbook", "picture"} <= set(tally.kinds)

"""The second person (四眼原则) where a village loses much of its addresses, whichever way they go and whoever takes them.

Lost is an address that was published in the village and no longer is: retired, deleted, or given to another village. What
a second person approved does not count; what one person after another did within ``second_person_hours`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.errors import Taken
from database.installation.settings import get_settings

#: Losing more than this share of a village's addresses, and more than so many, needs a second person.
GUARD_SHARE = 0.05
GUARD_LEAST = 5


class SecondPersonNeeded(Taken):
    """停用的地址超过比例，须由另一人审批 | So many addresses are retired that a second person must approve"""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a village lost within the window without a second person, and how many addresses it had before."""

    division_code: str
    lost: int
    before: int

    @property
    def guarded(self) -> bool:
        """True when a second person is needed."""
        return self.lost > max(GUARD_LEAST, GUARD_SHARE * self.before)


_LOSSES = text("SELECT village, lost, before_n FROM village_losses(:hours)")
_NAMES = text("SELECT code, name FROM division WHERE code = ANY(:codes)")


def losses(connection: Connection) -> dict[str, Loss]:
    """By village, what those lost from which this transaction took addresses: in the window, this transaction included.

    Writers of addresses follow one another (the counter of the log is locked until the commit), so of two that act at the
    same moment the second sees what the first took. Served by ``ix_address_event_lost``.
    """
    rows = connection.execute(_LOSSES, {"hours": get_settings().second_person_hours})
    return {row.village: Loss(row.village, row.lost, row.before_n) for row in rows}


def refuse_alone(connection: Connection) -> None:
    """Raise SecondPersonNeeded when this transaction takes more from a village than one person may. Call it after the writes."""
    guarded = [loss for loss in losses(connection).values() if loss.guarded]
    if guarded:
        raise needed(connection, guarded)


def needed(connection: Connection, guarded: Sequence[Loss]) -> SecondPersonNeeded:
    """The error that names the villages and says how to go on."""
    names = {row.code: row.name for row in connection.execute(_NAMES, {"codes": [g.division_code for g in guarded]})}
    hours = get_settings().second_person_hours
    villages = "；".join(f"{names.get(g.division_code, g.division_code)} 停用 {g.lost}/{g.before}" for g in guarded[:5])
    return SecondPersonNeeded(
        f"{villages}（{hours:g} 小时内合计）。请用变更集提交，由另一人审批 / within {hours:g} h; "
        "use a change set that another person approves",
        villages=[g.division_code for g in guarded],
    )

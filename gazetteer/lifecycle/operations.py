"""The operations on addresses (地址业务): each one reason, one author, one day; one statement for all its rows.

Each takes the connection of a transaction inside a scope and an :class:`Operation` of its kind, and returns the uids it
touched. Nothing is deleted: what ends is retired, and names its successors.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, text

from gazetteer.library.writing import update_addresses
from gazetteer.lifecycle.operation import Operation, recorded
from gazetteer.lifecycle.rollback import restore
from gazetteer.lifecycle.writing import (
    BY_ROAD,
    BY_VILLAGE,
    Address,
    NewAddress,
    NotApplicable,
    Rewrite,
    insert_addresses,
    link,
    read_addresses,
    read_by_uid,
    rewrite,
)
from gazetteer.reading.divisions import DivisionIndex, division_index, spoken_name, written_names
from gazetteer.reading.normalise import normalise
from gazetteer.reading.parse import parse

Uids = list[uuid.UUID]
LIVE = ("draft", "reviewed", "published")


def create(
    connection: Connection,
    operation: Operation,
    new: Sequence[NewAddress],
    division_code: str | None = None,
    status: Literal["draft", "published"] = "draft",
) -> Uids:
    """New addresses; drafts unless said otherwise, which nobody finds until they are published. Raises NoVillage."""
    with recorded(connection, operation):
        made = insert_addresses(connection, new, status=status, day=operation.effective_on, division_code=division_code)
    return _linked(connection, [uid for _id, uid in made])


def review(connection: Connection, operation: Operation, uids: Sequence[uuid.UUID]) -> Uids:
    """Drafts that somebody has looked at. Raises AddressesNotFound, NotApplicable unless all are drafts."""
    return _set_status(connection, operation, read_by_uid(connection, uids, "draft"), "reviewed")


def publish(connection: Connection, operation: Operation, uids: Sequence[uuid.UUID]) -> Uids:
    """Drafts and reviewed addresses become part of the library. Raises AddressesNotFound, NotApplicable."""
    return _set_status(connection, operation, read_by_uid(connection, uids, "draft", "reviewed"), "published")


def edit(connection: Connection, operation: Operation, uid: uuid.UUID, full_text: str) -> Uids:
    """Another text of a draft; it leaves no alias. Raises NotApplicable when it is no draft."""
    (address,) = read_by_uid(connection, [uid], "draft")
    with recorded(connection, operation):
        beside = rewrite(connection, [Rewrite(address, full_text.strip())], keep_former=False)
    return _linked(connection, [uid], beside)


def rename_road(connection: Connection, operation: Operation, division_code: str, old: str, new: str) -> Uids:
    """A road (or group) gets another name in a town or village; every address on it follows, old texts become aliases.

    Raises NotApplicable when no address lies on it, or when a text does not contain the old name as written.
    """
    found = read_addresses(connection, BY_ROAD, road_key=normalise(old), division=division_code)
    if not found:
        raise NotApplicable(f"{division_code} 没有道路“{old}” / no address on this road")
    return _rewritten(connection, operation, [Rewrite(a, _replaced(a, old, new)) for a in found])


def rename(connection: Connection, operation: Operation, uid: uuid.UUID, full_text: str) -> Uids:
    """Another text for one address, its identity kept. Raises NotApplicable when it is retired."""
    (address,) = read_by_uid(connection, [uid], *LIVE)
    return _rewritten(connection, operation, [Rewrite(address, full_text.strip())])


def renumber(connection: Connection, operation: Operation, numbers: Mapping[uuid.UUID, str]) -> Uids:
    """New door numbers, several at once so that numbers can change places. numbers: uid → number, as 12号.

    Raises AddressesNotFound; NotApplicable when an address has no number, or its text does not contain it as written.
    """
    rewrites = []
    for address in read_by_uid(connection, list(numbers), *LIVE):
        old = address.levels["number_plate"]
        if not old:
            raise NotApplicable(f"{address.full_text}：没有门牌号 / it has no door number")
        rewrites.append(Rewrite(address, _replaced(address, old, numbers[address.uid], last=True)))
    return _rewritten(connection, operation, rewrites)


def split(connection: Connection, operation: Operation, uid: uuid.UUID, parts: Sequence[NewAddress]) -> Uids:
    """One address becomes several; it is retired and names them. Raises NotApplicable for fewer than two parts."""
    if len(parts) < 2:
        raise NotApplicable("拆分至少要有两个新地址 / a split needs two parts or more")
    (address,) = read_by_uid(connection, [uid], "published")
    with recorded(connection, operation):
        made = insert_addresses(
            connection, parts, status="published", day=operation.effective_on, division_code=address.division_code
        )
        successors = [new for _id, new in made]
        _retire(connection, operation, [address], successors)
    return _linked(connection, [uid, *successors])


def merge(connection: Connection, operation: Operation, uids: Sequence[uuid.UUID], into: NewAddress) -> Uids:
    """Several addresses become one; they are retired and name it. Raises NotApplicable for fewer than two."""
    if len(set(uids)) < 2:
        raise NotApplicable("合并至少要有两个地址 / a merger needs two addresses or more")
    found = read_by_uid(connection, uids, "published")
    with recorded(connection, operation):
        ((_id, successor),) = insert_addresses(
            connection, [into], status="published", day=operation.effective_on, division_code=found[0].division_code
        )
        _retire(connection, operation, found, [successor])
    return _linked(connection, [*(a.uid for a in found), successor])


def merge_villages(connection: Connection, operation: Operation, old_code: str, new_code: str) -> Uids:
    """A village becomes part of another (并村): its addresses take the new village's name and code, its name stays findable.

    The standard address codes stay, for a code once given is never given again; the grid is redrawn by itself. Raises
    NotApplicable when one of them is no village of the county, or a text does not contain the old name as written.
    """
    names = {
        row.code: row.name
        for row in connection.execute(
            text(
                "SELECT code, name FROM division WHERE code IN (:old, :new) AND level = 'village' AND valid_to IS NULL"
            ),
            {"old": old_code, "new": new_code},
        )
    }
    if len(names) != 2:
        raise NotApplicable(
            f"{old_code}、{new_code}：不是本县现有的两个村社区 / not two present villages of this county"
        )
    index = division_index(connection)
    found = read_addresses(connection, BY_VILLAGE, division=old_code)
    rewrites = [Rewrite(a, _in_village(a, old_code, new_code, index), new_code) for a in found]
    with recorded(connection, operation):  # the divisions within it: their changes are noted as part of the operation
        connection.execute(
            text("UPDATE division SET former_names = former_names || to_jsonb(CAST(:old AS text)) WHERE code = :new"),
            {"old": names[old_code], "new": new_code},
        )
        connection.execute(
            text("UPDATE division SET valid_to = greatest(:day, valid_from + 1) WHERE code = :old"),
            {"old": old_code, "day": operation.effective_on},
        )
        beside = rewrite(connection, rewrites)
    return _linked(connection, [one.address.uid for one in rewrites], beside)


def move(connection: Connection, operation: Operation, uid: uuid.UUID, lon: float, lat: float) -> Uids:
    """Another door point. lon, lat: EPSG:4490, degrees. The cell follows through ``grid/``."""
    (address,) = read_by_uid(connection, [uid], *LIVE)
    with recorded(connection, operation):
        update_addresses(connection, [(address.id, {"lon": lon, "lat": lat})])
    return [uid]


def demolish(connection: Connection, operation: Operation, uids: Sequence[uuid.UUID]) -> Uids:
    """Addresses that are gone, with nothing in their place. Raises AddressesNotFound, NotApplicable."""
    found = read_by_uid(connection, uids, "published")
    with recorded(connection, operation):
        _retire(connection, operation, found, [])
    return _linked(connection, [a.uid for a in found])


# --- the parts -----------------------------------------------------------------------------------------------


def _rewritten(connection: Connection, operation: Operation, rewrites: Sequence[Rewrite]) -> Uids:
    with recorded(connection, operation):
        beside = rewrite(connection, rewrites)
    return _linked(connection, [one.address.uid for one in rewrites], beside)


def _linked(connection: Connection, uids: Uids, beside: Sequence[int] = ()) -> Uids:
    """After the operation, for the tree is no event of the log: an old operation may lie before later days of other addresses."""
    link(connection, uids, beside)
    return uids


def _set_status(connection: Connection, operation: Operation, found: Sequence[Address], status: str) -> Uids:
    with recorded(connection, operation):
        update_addresses(connection, [(a.id, {"status": status}) for a in found])
    return [a.uid for a in found]


def _retire(
    connection: Connection, operation: Operation, found: Sequence[Address], successors: Sequence[uuid.UUID]
) -> None:
    ended = {"status": "retired", "successors": list(map(str, successors))}
    update_addresses(
        connection, [(a.id, ended | {"valid_to": max(operation.effective_on, a.valid_from)}) for a in found]
    )


def _replaced(address: Address, old: str, new: str, *, last: bool = False) -> str:
    head, found, tail = address.full_text.rpartition(old) if last else address.full_text.partition(old)
    if not found:
        raise NotApplicable(
            f"{address.full_text}：文本中没有“{old}” / its text does not contain it", uid=str(address.uid)
        )
    return head + new + tail


def _in_village(address: Address, old_code: str, new_code: str, index: DivisionIndex) -> str:
    """The text with the new village (and town) where it names the old one, in whatever way; else as it is."""
    full_text = address.full_text
    old_town, new_town = index.present_name(old_code[:9]), index.present_name(new_code[:9])
    if old_town and new_town and old_code[:9] != new_code[:9]:
        full_text = full_text.replace(old_town, new_town, 1)
    names = {address.levels["village"] or "", *written_names(index.present_name(old_code) or "", "village")} - {""}
    written = next((name for name in sorted(names, key=len, reverse=True) if name in full_text), None)
    if written is not None:
        return full_text.replace(written, spoken_name(index.present_name(new_code) or "", "village"), 1)
    if parse(full_text, index).village is not None:
        raise NotApplicable(
            f"{address.full_text}：文本中没有“{index.present_name(old_code)}” / its text does not contain it",
            uid=str(address.uid),
        )
    return full_text


#: name of an operation in a change set or a request → (kind of its events, what does it)
OPERATIONS: dict[str, tuple[str, Callable[..., Any]]] = {
    "create": ("created", create),
    "edit": ("edited", edit),
    "review": ("reviewed", review),
    "publish": ("published", publish),
    "rename": ("renamed", rename),
    "rename_road": ("renamed", rename_road),
    "renumber": ("renumbered", renumber),
    "split": ("split", split),
    "merge": ("merged", merge),
    "merge_villages": ("villages_merged", merge_villages),
    "move": ("moved", move),
    "demolish": ("demolished", demolish),
    "restore": ("restored", restore),
}

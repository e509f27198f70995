"""Change sets (变更集): operations prepared together, looked over by village and on the map, published as one.

Nothing of a set stands in the library before it is published: the preview runs the operations and takes them back within
the same transaction, so it shows exactly what publishing would do.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, text

from database.connection.records import records_of
from database.errors import Invalid, Missing, Taken
from database.rights.scope import home_prefix
from gazetteer.lifecycle.arguments import ARGUMENTS, Arguments
from gazetteer.lifecycle.logged import Touched
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.operations import OPERATIONS
from gazetteer.lifecycle.second_person import Loss, SecondPersonNeeded, losses, refuse_alone


class ChangeSetNotFound(Missing):
    """没有这个变更集，或不在您的数据范围内 | No such change set, or outside your scope"""


class ChangeSetState(Taken):
    """变更集当前状态不允许这一步 | The change set is not in a state that allows this"""


class ChangeSetInvalid(Invalid):
    """变更集的内容有误 | Something in the change set is not valid"""


class ChangeSetConflict(Taken):
    """准备变更集之后，有的地址又变了 | Some addresses have changed since the change set was prepared"""


#: action → (states it starts from, state it leads to)
STEPS: dict[str, tuple[frozenset[str], str]] = {
    "submit": (frozenset({"draft"}), "submitted"),
    "approve": (frozenset({"submitted"}), "approved"),
    "reject": (frozenset({"submitted", "approved"}), "rejected"),
    "withdraw": (frozenset({"draft", "submitted", "approved"}), "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class ListedSet:
    """A change set in a list. items_n: how many operations it has; the other fields as its table has them."""

    id: int
    title: str
    reason: str
    effective_on: date
    state: str
    author: str
    approver: str | None
    note: str | None
    created_at: datetime
    decided_at: datetime | None
    published_at: datetime | None
    items_n: int


@dataclass(frozen=True, slots=True)
class SetItem:
    """One operation of a set. kind: its name in ``OPERATIONS``; arguments: as written; operation_id: once it is published."""

    id: int
    position: int
    kind: str
    arguments: dict[str, Any]
    operation_id: str | None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set with its operations. basis: number of the last event when it was prepared."""

    id: int
    title: str
    reason: str
    effective_on: date
    state: str
    author: str
    approver: str | None
    note: str | None
    basis: int
    created_at: datetime
    decided_at: datetime | None
    published_at: datetime | None
    items: list[SetItem]


@dataclass(frozen=True, slots=True)
class VillageDiff:
    """What a set does to one village. before: published addresses there now. lost: see :class:`Loss`; with this set."""

    division_code: str
    village: str | None
    before: int
    added: int
    changed: int
    retired: int
    lost: int
    guarded: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would do: by village, and each event with its states."""

    villages: tuple[VillageDiff, ...]
    events: tuple[Touched, ...]

    @property
    def guarded(self) -> bool:
        """True when a second person must approve."""
        return any(village.guarded for village in self.villages)


def prepare(
    connection: Connection,
    *,
    title: str,
    reason: str,
    effective_on: date,
    items: Sequence[Mapping[str, Any]],
    actor: str,
) -> int:
    """A new set of operations, each ``{"kind": …, **arguments}``; tried at once, so that what cannot work is refused now.

    Returns its id. Raises ChangeSetInvalid, with the position of the item, and whatever the operations raise.
    """
    arguments = [_checked(position, item) for position, item in enumerate(items, start=1)]
    if not arguments:
        raise ChangeSetInvalid("至少要有一项操作 / at least one operation is needed")
    set_id = connection.scalar(
        text(
            "INSERT INTO address_change_set (title, reason, effective_on, author, basis, grid_code) "
            "VALUES (:title, :reason, :day, :actor, last_event_number(), :grid_code) "
            "RETURNING id"
        ),
        {"title": title, "reason": reason, "day": effective_on, "actor": actor, "grid_code": home_prefix(connection)},
    )
    connection.execute(
        text(
            "INSERT INTO address_change_item (change_set_id, position, kind, arguments, grid_code) "
            "SELECT s.id, r.position, r.kind, r.arguments, s.grid_code FROM address_change_set s, "
            "jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(position int, kind text, arguments jsonb) WHERE s.id = :id"
        ),
        {
            "id": set_id,
            "rows": json.dumps(
                [
                    {"position": n, "kind": kind, "arguments": values.model_dump(mode="json")}
                    for n, (kind, values) in enumerate(arguments, start=1)
                ],
                ensure_ascii=False,
            ),
        },
    )
    preview(connection, int(set_id or 0))
    return int(set_id or 0)


def list_sets(connection: Connection, *, state: str | None = None, limit: int = 50) -> list[ListedSet]:
    """The change sets in scope, newest first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS}, (SELECT count(*) FROM address_change_item i WHERE i.change_set_id = s.id) AS items_n "  # noqa: S608
            "FROM address_change_set s WHERE CAST(:state AS text) IS NULL OR s.state = :state ORDER BY s.id DESC LIMIT :limit"
        ),
        {"state": state, "limit": limit},
    )
    return records_of(ListedSet, rows)


def get_set(connection: Connection, set_id: int, *, lock: bool = False) -> ChangeSet:
    """One set with its operations. Raises ChangeSetNotFound, also for what the scope hides."""
    row = connection.execute(_LOCKED if lock else _READ, {"id": set_id}).one_or_none()
    if row is None:
        raise ChangeSetNotFound(str(set_id))
    items = connection.execute(
        text("SELECT id, position, kind, arguments, operation_id::text AS operation_id FROM address_change_item "
             "WHERE change_set_id = :id ORDER BY position"),
        {"id": set_id},
    )  # fmt: skip
    return ChangeSet(**row._mapping, items=records_of(SetItem, items))


def preview(connection: Connection, set_id: int) -> Preview:
    """What publishing the set would do now. Runs it inside a savepoint and takes it back; nothing remains."""
    content = get_set(connection, set_id)
    savepoint = connection.begin_nested()
    try:
        operations = _run(connection, content)
        return Preview(_by_village(connection, operations), _events(connection, operations))
    finally:
        savepoint.rollback()


def step(connection: Connection, set_id: int, action: str, *, actor: str, note: str | None = None) -> ChangeSet:
    """Submit, approve, reject or withdraw a set; returns it. Raises ChangeSetState, SecondPersonNeeded for one's own set."""
    content = get_set(connection, set_id, lock=True)
    starts, state = STEPS[action]
    if content.state not in starts:
        raise ChangeSetState(f"{content.state} → {action}", state=content.state, action=action)
    if action == "approve" and content.author == actor:
        raise SecondPersonNeeded("不能审批自己的变更集 / nobody approves their own change set")
    decided = action in ("approve", "reject")
    connection.execute(
        text(
            "UPDATE address_change_set SET state = :state, approver = CASE WHEN :decided THEN :actor ELSE approver END, "
            "decided_at = CASE WHEN :decided THEN now() ELSE decided_at END, note = coalesce(:note, note) WHERE id = :id"
        ),
        {"id": set_id, "state": state, "decided": decided, "actor": actor, "note": note},
    )
    return get_set(connection, set_id)


def publish_set(connection: Connection, set_id: int) -> list[uuid.UUID]:
    """Do what the set says, all or nothing; returns the operations. Drafts it publishes are in the library from now on.

    Raises ChangeSetState unless it is submitted or approved; ChangeSetConflict when addresses of it have changed since;
    SecondPersonNeeded when a village loses more than one person may take from it and nobody else has approved the set.
    """
    content = get_set(connection, set_id, lock=True)
    if content.state not in ("submitted", "approved"):
        raise ChangeSetState(f"{content.state} → publish", state=content.state, action="publish")
    operations = _run(connection, content)
    _refuse_conflicts(connection, content.basis, operations)
    if content.state != "approved":
        refuse_alone(connection)
    for item, operation in zip(content.items, operations, strict=True):
        connection.execute(
            text("UPDATE address_change_item SET operation_id = :operation WHERE id = :id"),
            {"id": item.id, "operation": operation},
        )
    connection.execute(
        text("UPDATE address_change_set SET state = 'published', published_at = now() WHERE id = :id"), {"id": set_id}
    )
    return operations


# --- the parts -----------------------------------------------------------------------------------------------


def _checked(position: int, item: Mapping[str, Any]) -> tuple[str, Arguments]:
    kind = str(item.get("kind"))
    if kind not in ARGUMENTS:
        raise ChangeSetInvalid(
            f"第 {position} 项：没有操作“{kind}” / item {position}: no such operation; {sorted(ARGUMENTS)}"
        )
    values = {name: value for name, value in item.items() if name != "kind"}
    try:
        return kind, TypeAdapter(ARGUMENTS[kind]).validate_python(values)
    except ValidationError as error:
        wrong = "；".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise ChangeSetInvalid(f"第 {position} 项 {kind}：{wrong} / item {position}", position=position) from None


def _run(connection: Connection, content: ChangeSet) -> list[uuid.UUID]:
    done = []
    for item in content.items:
        kind, act = OPERATIONS[item.kind]
        operation = Operation(kind, content.reason, content.effective_on)
        ARGUMENTS[item.kind].model_validate(item.arguments).call(act, connection, operation)
        done.append(operation.id)
    return done


_COLUMNS = "s.id, s.title, s.reason, s.effective_on, s.state, s.author, s.approver, s.note, s.created_at, s.decided_at, s.published_at"
_ONE = f"SELECT {_COLUMNS}, s.basis FROM address_change_set s WHERE s.id = :id"  # noqa: S608 - constants only
_READ = text(_ONE)
_LOCKED = text(f"{_ONE} FOR UPDATE")
# Served by ix_address_event_operation. The first state and the last of each address the operations touched.
_TOUCHED = """
WITH touched AS (
    SELECT DISTINCT uid, first_value(before) OVER w AS before, last_value(after) OVER w AS after FROM address_event
    WHERE operation_id = ANY(:operations) AND kind <> 'left'
    WINDOW w AS (PARTITION BY uid ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
"""
_VILLAGES = text(f"""
{_TOUCHED}
SELECT coalesce(before, after) ->> 'division_code' AS division_code, d.name AS village,
       count(*) FILTER (WHERE before IS NULL) AS added,
       count(*) FILTER (WHERE before IS NOT NULL AND after ->> 'status' <> 'retired') AS changed,
       count(*) FILTER (WHERE before IS NOT NULL AND after ->> 'status' = 'retired') AS retired,
       count(*) FILTER (WHERE before ->> 'division_code' <> after ->> 'division_code') AS moved
FROM touched LEFT JOIN division d ON d.code = coalesce(before, after) ->> 'division_code' GROUP BY 1, 2 ORDER BY 1
""")  # noqa: S608 - constants only
_EVENTS = text(
    f"{_TOUCHED} SELECT uid::text AS uid, before, after FROM touched ORDER BY coalesce(after, before) ->> 'code'"  # noqa: S608
)
_PUBLISHED = text("SELECT count(*) FROM standard_address WHERE division_code = :code AND status = 'published'")
_CONFLICTS = text(f"""
{_TOUCHED}
SELECT DISTINCT before ->> 'full_text' FROM touched t WHERE EXISTS (
    SELECT FROM address_event e WHERE e.uid = t.uid AND e.number > :basis AND e.kind NOT IN ('left', 'regridded')
    AND NOT coalesce(e.operation_id = ANY(:operations), false))
ORDER BY 1 LIMIT 10
""")  # noqa: S608 - constants only


def _by_village(connection: Connection, operations: Sequence[uuid.UUID]) -> tuple[VillageDiff, ...]:
    rows = connection.execute(_VILLAGES, {"operations": list(operations)}).all()
    lost = losses(connection)
    return tuple(_village_diff(connection, row, lost.get(row.division_code)) for row in rows)


def _village_diff(connection: Connection, row: Any, loss: Loss | None) -> VillageDiff:
    now = int(connection.scalar(_PUBLISHED, {"code": row.division_code}) or 0)
    return VillageDiff(
        row.division_code,
        row.village,
        now + row.retired + row.moved - row.added,
        row.added,
        row.changed,
        row.retired,
        loss.lost if loss else 0,
        loss is not None and loss.guarded,
    )


def _events(connection: Connection, operations: Sequence[uuid.UUID]) -> tuple[Touched, ...]:
    return tuple(Touched(**row._mapping) for row in connection.execute(_EVENTS, {"operations": list(operations)}))


def _refuse_conflicts(connection: Connection, basis: int, operations: Sequence[uuid.UUID]) -> None:
    texts = connection.scalars(_CONFLICTS, {"basis": basis, "operations": list(operations)}).all()
    if texts:
        raise ChangeSetConflict("；".join(map(str, texts)), addresses=list(texts))

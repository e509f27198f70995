"""Saying what is being done to addresses: the words that the log keeps with every event of an operation."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from database.errors import Invalid
from database.rights.operation_note import leave_note
from gazetteer.corrections.reviews import follow_addresses

#: The addresses an operation touched, by the index of its events.
_TOUCHED = text(
    "SELECT DISTINCT a.id FROM address_event e JOIN standard_address a ON a.uid = e.uid WHERE e.operation_id = :operation"
)
_BAD_DAY = "22008"  # raised by log_address_events()


class DateNotPossible(Invalid):
    """生效日期不能晚于今天，也不能早于该地址最近一次变更 | The day lies ahead, or before the address's latest change"""


@dataclass(frozen=True, slots=True)
class Operation:
    """Why something is done to addresses, and from which day it holds (today at the latest).

    kind: a code of AddressEventKind. reverts: the operation that this one takes back.
    """

    kind: str
    reason: str
    effective_on: date
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    reverts: uuid.UUID | None = None


@contextmanager
def recorded(connection: Connection, operation: Operation) -> Iterator[Operation]:
    """Everything done to ``standard_address`` inside belongs to this operation. Who does it is the scope's actor.

    Raises DateNotPossible for a day to come, or before the latest change of an address.
    """
    if operation.effective_on > (connection.scalar(text("SELECT CURRENT_DATE")) or date.max):
        raise DateNotPossible(f"{operation.effective_on}")
    about = {
        "id": str(operation.id),
        "kind": operation.kind,
        "reason": operation.reason,
        "effective_on": operation.effective_on.isoformat(),
        "reverts": str(operation.reverts) if operation.reverts else None,
    }
    leave_note(connection, json.dumps(about, ensure_ascii=False))
    try:
        yield operation
        follow_addresses(connection, connection.scalars(_TOUCHED, {"operation": operation.id}).all())
    except DBAPIError as error:  # the transaction is lost, and with it what was said
        if getattr(error.orig, "sqlstate", None) == _BAD_DAY:
            raise DateNotPossible(str(error.orig).splitlines()[0]) from None
        raise
    except BaseException:
        leave_note(connection, "")
        raise
    leave_note(connection, "")

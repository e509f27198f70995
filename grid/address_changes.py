"""Operations on addresses, with the grid following: new and moved addresses get their cell, retired ones leave theirs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from gazetteer.lifecycle.arguments import ARGUMENTS
from gazetteer.lifecycle.change_sets import publish_set
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.operations import OPERATIONS
from gazetteer.lifecycle.rollback import roll_back
from gazetteer.lifecycle.second_person import refuse_alone
from grid.assign import assign_cells

# served by ix_address_event_operation
_TOUCHED = text("""
SELECT DISTINCT a.id, a.status FROM address_event e JOIN standard_address a ON a.uid = e.uid
WHERE e.operation_id = ANY(:operations)
""").bindparams(bindparam("operations", type_=ARRAY(Uuid)))
# served by uq_address_cell_current
_CLOSE = text("""
UPDATE address_cell SET valid_to = greatest(CURRENT_DATE, valid_from) WHERE address_id = ANY(:ids) AND valid_to IS NULL
""")


def publish_change_set(connection: Connection, set_id: int) -> list[uuid.UUID]:
    """Publish a change set, cells included; returns its operations. Raises what ``publish_set`` raises."""
    operations = publish_set(connection, set_id)
    follow(connection, operations)
    return operations


def take_back(connection: Connection, operation: Operation) -> list[uuid.UUID]:
    """Roll an operation back, cells included; returns the addresses. Raises what ``roll_back`` raises; SecondPersonNeeded
    when a village loses too many by it: then a change set with ``restore`` is the way.
    """
    uids = roll_back(connection, operation)
    refuse_alone(connection)
    follow(connection, [operation.id])
    return uids


def operate(
    connection: Connection, name: str, arguments: Mapping[str, Any], *, reason: str, effective_on: date
) -> tuple[Operation, list[uuid.UUID]]:
    """One operation by its name in ``OPERATIONS``, cells included; the operation and the addresses it touched.

    Raises KeyError for an unknown name, pydantic's ValidationError for arguments that do not fit, what the operation does;
    SecondPersonNeeded when a village loses too many: then a change set is the way.
    """
    kind, act = OPERATIONS[name]
    operation = Operation(kind, reason, effective_on)
    uids = ARGUMENTS[name].model_validate(arguments).call(act, connection, operation)
    refuse_alone(connection)
    follow(connection, [operation.id])
    return operation, uids


def follow(connection: Connection, operations: Sequence[uuid.UUID]) -> None:
    """Bring the address-to-cell links in line with what these operations did."""
    touched = connection.execute(_TOUCHED, {"operations": list(operations)}).all()
    live = [row.id for row in touched if row.status != "retired"]
    gone = [row.id for row in touched if row.status == "retired"]
    if live:
        assign_cells(connection, ids=live)
    if gone:
        connection.execute(_CLOSE, {"ids": gone})

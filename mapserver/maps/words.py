"""Chinese words for what a record holds, for readers who never saw a column name."""

from __future__ import annotations

import re
from typing import Any

from database.vocabulary import Vocabulary
from gazetteer.library.vocabulary import AddressStatus
from grid.vocabulary import Duty
from layers.changes import wording as changes
from layers.events.vocabulary import EventState
from layers.facilities.vocabulary import FacilityState
from layers.people.vocabulary import HouseholdKind, PersonStatus, Sex
from layers.places.vocabulary import Occupancy

#: Codes that stand in records without the name of their column beside them; of two labels of one code the first holds.
_IN_RECORDS: tuple[type[Vocabulary], ...] = (
    Sex, Occupancy, HouseholdKind, AddressStatus, FacilityState, EventState, Duty, PersonStatus,
)  # fmt: skip
VALUES: dict[str, str] = {
    code: label for vocabulary in reversed(_IN_RECORDS) for code, label in vocabulary.labels().items()
}
_INTERNAL = re.compile(r"(^|_)(id|uid|hash|geom|key)$|^updated_at$|_match$")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)\S*")


def is_internal(field: str) -> bool:
    """True for fields that say nothing to a reader: surrogate keys, hashes, geometries."""
    return _INTERNAL.search(field) is not None


def field_label(field: str) -> str:
    """The Chinese name of a field, or its own name."""
    label = changes.field_label(field)
    return label.zh if label is not None else field


def words_of(value: Any) -> str:
    """A value as a reader expects it; lists and records are written out."""
    if value is None or value == "" or value == [] or value == {}:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(words_of(item) for item in value)
    if isinstance(value, dict):
        return "；".join(f"{field_label(k)}：{words_of(v)}" for k, v in value.items() if not is_internal(k)) or "—"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    text = str(value)
    return VALUES.get(text) or _TIME.sub(r"\1 \2", text)

"""Parameters of a rule: the fields of a frozen dataclass, each with its unit, its meaning and where its default comes from."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

TYPES = {bool: "boolean", int: "integer", float: "number", str: "text"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. type: boolean, integer, number or text. source: why the default is what it is."""

    name: str
    type: str
    default: bool | int | float | str
    unit: str
    unit_en: str
    meaning: str
    meaning_en: str
    source: str
    source_en: str


def parameter(
    default: bool | int | float | str,
    *,
    unit: str,
    unit_en: str,
    meaning: str,
    meaning_en: str,
    source: str,
    source_en: str,
) -> Any:
    """The field of a parameter: ``elderly_years: int = parameter(65, unit="岁", …)``. An empty unit means a bare number."""
    words = {
        "unit": unit, "unit_en": unit_en, "meaning": meaning, "meaning_en": meaning_en, "source": source,
        "source_en": source_en,
    }  # fmt: skip
    return field(default=default, metadata=words)


def parameters_of(values: Any) -> tuple[Parameter, ...]:
    """The parameters of a dataclass or of an instance of one, in their order; of None, none.

    A field that is no :func:`parameter`, or has no default of a known type, raises TypeError.
    """
    if values is None:
        return ()
    found = []
    for one in fields(values):
        if one.default is MISSING or type(one.default) not in TYPES or "meaning" not in one.metadata:
            raise TypeError(f"{values!r}: {one.name} is not declared as a parameter")
        found.append(Parameter(one.name, TYPES[type(one.default)], one.default, **one.metadata))
    return tuple(found)


def values_of(values: Any) -> dict[str, bool | int | float | str]:
    """Name → value of an instance; of None, nothing."""
    return {} if values is None else asdict(values)

"""Every vocabulary of the house, for the interface and for the web app.

``scripts/write_vocabulary`` writes what the web app needs to ``frontend/src/texts/vocabulary.json``, which is checked in; a test
fails when the file says something else than the rooms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

import orjson

import alerts.kind  # noqa: F401 - fields that alerts add to kinds below
from alerts.lifecycle import ENDED, OFF_THE_MAP, PENDING, AlertStatus
from database.vocabulary import Vocabulary
from layers.catalogue.kind import Label
from layers.catalogue.registry import KINDS
from layers.changes.wording import field_labels, labels_by_record, record_labels

#: The modules that declare vocabularies; tests/mapserver/test_vocabularies.py finds one that is missing.
MODULES = (
    "database.rights.scope",
    "database.vocabulary",
    "gazetteer.codes.checksums",
    "gazetteer.codes.grid_code",
    "gazetteer.codes.statistical",
    "gazetteer.reading.vocabulary",
    "gazetteer.corrections.vocabulary",
    "gazetteer.library.vocabulary",
    "gazetteer.lifecycle.vocabulary",
    "gazetteer.matching.candidates",
    "gazetteer.plates.vocabulary",
    "gazetteer.quality.vocabulary",
    "grid.vocabulary",
    "layers.changes.vocabulary",
    "layers.events.vocabulary",
    "layers.facilities.vocabulary",
    "layers.people.national_codes",
    "layers.people.vocabulary",
    "layers.places.vocabulary",
    "layers.raster.vocabulary",
    "layers.visits.vocabulary",
    "importing.vocabulary",
    "alerts.lifecycle",
)
#: Sets of codes that have a name of their own.
GROUPS: dict[str, frozenset[AlertStatus]] = {
    "alert_status_pending": PENDING,
    "alert_status_ended": ENDED,
    "alert_status_off_the_map": OFF_THE_MAP,
}


@cache
def vocabularies() -> dict[str, type[Vocabulary]]:
    """Name → vocabulary, in the order of the floors."""
    for module in MODULES:
        import_module(module)
    found = sorted(Vocabulary.__subclasses__(), key=lambda one: MODULES.index(one.__module__))
    return {vocabulary.vocabulary_name(): vocabulary for vocabulary in found}


def is_national(vocabulary: type[Vocabulary]) -> bool:
    """Whether it is a table of a national standard, not one of our own columns."""
    return vocabulary.__module__ == "layers.people.national_codes"


def in_order(codes: Iterable[AlertStatus]) -> list[str]:
    """The codes as the vocabulary declares them."""
    wanted = frozenset(codes)
    return [str(code) for code in AlertStatus if code in wanted]


def web_app_file() -> bytes:
    """What the web app is built with: vocabulary → code → Chinese label, the named sets of codes, and the words of records and fields."""
    labels = {name: one.labels() for name, one in vocabularies().items() if not is_national(one)}
    groups = {name: in_order(codes) for name, codes in GROUPS.items()}
    words = {
        "total": {total.name: total.label.zh for kind in reversed(list(KINDS.values())) for total in kind.totals},
        "record": _chinese(record_labels()),
        "field": _chinese(field_labels()),
        "record_field": {record: _chinese(fields) for record, fields in labels_by_record().items()},
    }
    return orjson.dumps(labels | groups | words, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _chinese(labels: Mapping[str, Label]) -> dict[str, str]:
    return {name: label.zh for name, label in labels.items()}

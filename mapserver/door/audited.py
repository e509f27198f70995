"""Which routes leave a row in the audit trail, said at the route; the others stand in one list, each with its reason.

``@audited("view_alert", target="alert:{alert_id}")`` below ``@router.get(…)`` adds the row after the route has done its work,
in the same transaction: a look that failed is no look, a change that was taken back none either. What was refused is
recorded by ``mapserver/door/refusals.py``. A test holds every route of the application against this file.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import wraps
from typing import Any, TypeVar

from sqlalchemy import Connection

from access.audit.record import record

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def audited(
    action: str, target: str | None = None, *, rows: Callable[[Any], Sized] | None = None
) -> Callable[[Endpoint], Endpoint]:
    """Record each use of a route. target: a template over the route's parameters. rows: what of the answer is counted."""

    def mark(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        def look(**values: Any) -> Any:
            answer = endpoint(**values)
            connection = next(value for value in values.values() if isinstance(value, Connection))
            record(
                connection,
                action,
                target=target.format_map(values) if target else None,
                rows_n=len(rows(answer)) if rows else None,
            )
            return answer

        look.__dict__["onemap_audit"] = action
        return look  # type: ignore[return-value]

    return mark


ADDRESSES_ONLY = "addresses of the library and plates, no persons; asked at every keystroke or click"
OWN_WORK = "the asker's own work list; what comes of it is recorded"
COUNTS = "counts and sums, no records"
SCHEMA = "descriptions, the same for everybody"
PICTURES = "pictures and outlines of places, many a second; no names or numbers of persons"

#: route (module.function) → why it leaves no row
EXEMPT: dict[str, str] = {
    **dict.fromkeys(
        (
            "address_codes.codes", "address_codes.beidou_of_point", "address_codes.point_of_beidou", "addresses.search",
            "addresses.reverse", "address_matching.match", "address_matching.as_of", "address_texts.parse",
            "address_texts.compare", "addresses.reviews", "place_codes.place_code", "rasters.point",
            "address_lifecycle.sets", "address_lifecycle.one_set", "address_lifecycle.preview_set",
            "address_lifecycle.preview_map", "quality.findings",
        ),
        ADDRESSES_ONLY,
    ),
    **dict.fromkeys(
        ("address_matching.hand_in", "address_matching.jobs", "address_matching.job", "imports.imports", "corrections.batches"),
        OWN_WORK,
    ),
    **dict.fromkeys(
        ("overview.overview", "alerts.counts", "place_codes.scans", "quality.quality", "rasters.rasters", "rasters.flood", "rasters.statistics"),
        COUNTS,
    ),
    **dict.fromkeys(
        (
            "address_lifecycle.operations", "alerts.rules", "catalogue.catalogue", "audit.actions", "imports.mappings", "ogc.landing", "ogc.conformance", "ogc.api_definition",
            "ogc.collections", "ogc.collection", "ogc.queryables", "ogc.schema", "ogc_edit.items_methods", "ogc_edit.item_methods",
            "ogc_tiles.matrix_sets", "ogc_tiles.one_matrix_set", "ogc_tiles.dataset_tilesets", "ogc_tiles.dataset_tileset",
            "ogc_tiles.collection_tilesets", "ogc_tiles.collection_tileset", "style.style", "style.sprite_index",
            "style.sprite_picture", "style.glyphs", "tiles.tilejson", "raster_tiles.raster_tilejson", "vocabularies.vocabularies", "outside_maps.outside_maps",
        ),
        SCHEMA,
    ),
    **dict.fromkeys(
        (
            "tiles.tile", "tiles.changes", "ogc_tiles.dataset_tile", "ogc_tiles.collection_tile", "raster_tiles.raster_tile",
            "raster_tiles.flood_tile", "outside_maps.outside_tile",
        ),
        PICTURES,
    ),
    **dict.fromkeys(("workers.workers", "alerts.assignees", "cells.cell"), "names of colleagues on duty in the asker's own scope"),
    "quality.run": "hands in a run, whose asker stands with it",
}  # fmt: skip

#: route → where its row is written, because only there it is known what was looked at
ITSELF: dict[str, str] = {
    "address_codes.issue": "gazetteer/plates/tokens.py",
    "address_codes.reissue": "gazetteer/plates/tokens.py",
    "address_codes.withdraw": "gazetteer/plates/tokens.py",
    "address_codes.batch": "gazetteer/plates/plates.py",
    "place_codes.issue": "gazetteer/plates/tokens.py",
    "place_codes.reissue": "gazetteer/plates/tokens.py",
    "place_codes.withdraw": "gazetteer/plates/tokens.py",
    "public_codes.scan": "layers/cards/scanned.py",
    "households.household": "layers/people/households.py",
    "persons.search": "layers/people/households.py",
    "persons.reveal_number": "layers/people/households.py",
    "imports.upload": "importing/pipeline.py",
    "imports.detail": "mapserver/routes/imports.py",
    "imports.rejects": "mapserver/routes/imports.py",
    "address_matching.result": "mapserver/routes/address_matching.py",
    "ogc_items.items": "mapserver/routes/ogc_items.py",
    "ogc_items.item": "mapserver/routes/ogc_items.py",
    "quality.fix": "gazetteer/quality/fix.py",
    "quality.revert": "gazetteer/quality/fix.py",
    "rasters.flood_households": "layers/raster/flood.py",
}
#: Modules of routes about accounts and sessions: their rows stand in the trail of the platform.
ON_THE_PLATFORM = frozenset({"session", "own_account", "accounts"})

"""Filters, cursors and limits: hidden properties, bombs, cursors of others and cursors made up."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from benchmarks.attack import hostile
from benchmarks.attack.targeted.ring import Ring
from benchmarks.attack.world import HOME
from layers.features.collections import COLLECTIONS

NAME = "filters"
ITEMS = "/ogc/{county}/collections/{name}/items"
_ODD = (None, -1, 2**63, 2**64, "", "x\u0000", [], {}, "9999-12-31T00:00:00+00:00", True, 1.5)
LIMITS = ("0", "-1", "1001", "9223372036854775808", "1e3", "NaN", "", "' OR 1=1")


def run(ring: Ring) -> None:
    """OGC filters over every collection, then cursors, then limits, then words to search for."""
    for name in COLLECTIONS:
        path = f"/ogc/{HOME}/collections/{name}/items"
        for asker in (ring.asker("h_worker"), ring.asker("h_gis_town")):
            for one in ring.some(hostile.FILTERS):
                ring.send(NAME, asker, "GET", f"{path}?filter={quote(one.encode(), safe='')}", of=ITEMS)
            for hidden in ring.some(sorted(COLLECTIONS[name].hidden)):
                ring.send(NAME, asker, "GET", f"{path}?filter={quote(hidden)}%20IS%20NOT%20NULL", of=ITEMS)
                ring.send(NAME, asker, "GET", f"{path}?sortby={quote(hidden)}&properties={quote(hidden)}", of=ITEMS)
    _cursors(ring)
    worker = ring.asker("h_worker")
    for operation in ring.operations(writes=False):
        if any(p["name"] == "limit" for p in operation.parameters):
            request = ring.build(operation, worker, NAME)
            plain = request.path.partition("?")[0]
            for limit in ring.some(LIMITS):
                ring.send(NAME, worker, "GET", f"{plain}?limit={quote(limit)}&q=%25&on=2026-01-01", of=operation.path)
    for text in ring.some(hostile.TEXTS):
        word = quote(text.encode("utf-8", "replace"), safe="")
        for path in ("/api/{county}/alerts?q=", "/api/{county}/addresses/search?q=", "/maps/{county}/alerts?q="):
            ring.send(NAME, worker, "GET", path.replace("{county}", HOME) + word, of=path.partition("?")[0])


def _cursors(ring: Ring) -> None:
    """The cursors of a whole county, and such as nobody was given, in the hands of a grid worker."""
    admin, worker = ring.asker("h_county_admin"), ring.asker("h_worker")
    for operation in ring.operations(writes=False):
        names = [p["name"] for p in operation.parameters if p["name"] in ("after", "before", "cursor")]
        if not names and not operation.path.endswith("/items"):
            continue
        name = names[0] if names else "cursor"
        request = ring.build(operation, admin, NAME)
        plain = request.path.partition("?")[0]
        answer = ring.send(NAME, admin, "GET", f"{plain}?limit=2&level_m=500", of=operation.path)
        given = _cursor_of(answer.body) if answer.status == 200 else None
        for cursor in ring.some([given or "1", *_tampered(given or "1"), "-1", "9" * 30, "'", "%00", "é"]):
            ring.send(
                NAME,
                worker,
                "GET",
                f"{plain}?limit=2&level_m=500&{name}={quote(str(cursor), safe='')}",
                of=operation.path,
            )


def _cursor_of(body: bytes) -> str | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if isinstance(content, dict):
        if content.get("next") is not None:
            return str(content["next"])
        for link in content.get("links", []):
            if link.get("rel") == "next":
                return str(link["href"].partition("cursor=")[2].partition("&")[0])
    return None


def _tampered(cursor: str) -> list[str]:
    """Variants of a cursor that is base64 of JSON: other values, other types, other shapes."""
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    except ValueError:
        return [cursor + "0", cursor[:-1]]
    variants: list[Any] = [[], {}, None, [None, None], ["9999-12-31T23:59:59+00:00", 2**63 - 1], [content], "x", 1e400]
    if isinstance(content, list):
        for at in range(len(content)):
            variants += [[*content[:at], value, *content[at + 1 :]] for value in _ODD]
        variants += [content[:-1], [*content, 1]]
    return [base64.urlsafe_b64encode(json.dumps(variant).encode()).decode() for variant in variants]

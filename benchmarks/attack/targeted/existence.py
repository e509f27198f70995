"""Existence oracles: a record outside the scope and one that never was must get the same answer, byte for byte, and about as fast."""

from __future__ import annotations

import json
import re
import statistics
import uuid
from itertools import islice
from typing import Any

from benchmarks.attack.client import Answer, Request
from benchmarks.attack.extract import tables_named
from benchmarks.attack.judge import DISTINGUISHABLE
from benchmarks.attack.openapi import Operation
from benchmarks.attack.targeted.ring import NARROW, Ring
from benchmarks.attack.world import Asker
from layers.features.collections import COLLECTIONS

NAME = "existence"
_PAIRS = 2
_IGNORED = {"date", "content-length", "server", "set-cookie"}
_CODES = ("grid", "code", "village", "scope", "grid_code", "division_code")


def run(ring: Ring) -> None:
    """Every operation with a parameter or a field that names a record, by four narrow accounts."""
    for operation in ring.operations():
        county = "s" if operation.writes else "h"
        for name in ring.some(NARROW):
            asker = ring.asker(f"{county}_{name}")
            for place, field in _names(operation):
                for foreign, absent in _pairs(ring, field, operation, asker):
                    _compare(ring, operation, asker, place, field, foreign, absent)


def _names(operation: Operation) -> list[tuple[str, str]]:
    """(path, query or body; name) of everything that may name a record."""
    found = [(p["in"], p["name"]) for p in operation.parameters if p["in"] in ("path", "query")]
    for media, schema in operation.bodies.items():
        if "json" in media:
            found += [("body", name) for name in schema.get("properties", {})]
    return [(place, n) for place, n in found if n.endswith(("_id", "uid", "uids")) or n in _CODES]


def _pairs(ring: Ring, field: str, operation: Operation, asker: Asker) -> list[tuple[Any, Any]]:
    view = ring.world.view(asker)
    own = ring.world.oracle.parts["home" if asker.name.startswith("h_") else "scratch"]
    if field in _CODES:
        outside = sorted(c for c in own.ids["division"] if len(c) == 12 and not view.sees(c))
        return [(code, f"{code[:6]}998997") for code in ring.rng.sample(outside, min(_PAIRS, len(outside)))]
    if "uid" in field:
        outside = sorted(uid for uid, grid in own.columns.get("uid", {}).items() if not view.sees(grid))
        return [(uid, str(uuid.UUID(int=ring.rng.getrandbits(128), version=4))) for uid in outside[:_PAIRS]]
    if field == "feature_id":
        named = [COLLECTIONS[ring.rng.choice(sorted(COLLECTIONS))].table.name]
    else:
        named = tables_named(field, operation.path)
    if not named:
        return []
    known = own.ids.get(named[0], {})
    outside = [n for n, grids in known.items() if not view.sees_any(grids) and n.isdigit()]
    longest = max((len(n) for n in outside), default=0)
    outside = [
        n for n in outside if len(n) == longest and not 200 <= int(n) < 600
    ]  # these stand in answers as their status
    unused = (str(n) for n in range(10**longest - 1, 0, -1) if str(n) not in known)
    absent = list(islice(unused, _PAIRS))
    return list(zip(ring.rng.sample(outside, min(_PAIRS, len(outside))), absent, strict=False))


def _compare(ring: Ring, operation: Operation, asker: Asker, place: str, field: str, foreign: Any, absent: Any) -> None:
    for _ in range(
        2
    ):  # a difference that does not come again was the moment's: a minute that passed, a row just changed
        answers: list[Answer] = []
        for value in (foreign, absent):
            request = _with(ring.build(operation, asker, NAME), operation, place, field, value)
            if request is None:
                return
            answers.append(ring.forward(request, asker, operation.path))
        first, second = (_plain(a, v) for a, v in zip(answers, (foreign, absent), strict=True))
        if first == second:
            break
    if first != second:
        ring.found(
            DISTINGUISHABLE, f"{field}: foreign {foreign}, absent {absent}: {_difference(str(first), str(second))}"
        )
    elif not operation.writes and answers[0].status == 404:
        _time(ring, operation, asker, place, field, foreign, absent)


def _difference(first: str, second: str) -> str:
    """The places at which two texts part."""
    at = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
    return f"…{first[max(0, at - 60) : at + 140]}… / …{second[max(0, at - 60) : at + 140]}…"


def _with(request: Request, operation: Operation, place: str, field: str, value: Any) -> Request | None:
    if place == "path":
        pattern = re.escape(operation.path).replace(re.escape("{county}"), request.path.split("/")[2])
        pattern = pattern.replace(re.escape(f"{{{field}}}"), "(?P<value>[^/?]*)")
        found = re.match(re.sub(r"\\\{\w+\\\}", "[^/?]*", pattern), request.path)
        if found is None:
            return None
        path = request.path[: found.start("value")] + str(value) + request.path[found.end("value") :]
        return Request(request.operation, request.method, path, request.headers, request.body, request.asker)
    if place == "query":
        path, _, query = request.path.partition("?")
        kept = [part for part in query.split("&") if part and not part.startswith(f"{field}=")]
        return Request(
            request.operation,
            request.method,
            f"{path}?{'&'.join([*kept, f'{field}={value}'])}",
            request.headers,
            request.body,
            request.asker,
        )
    written = json.loads(request.body)
    written[field] = (
        [value] if field.endswith("s") else int(value) if str(value).isdigit() and len(str(value)) < 12 else value
    )
    body = json.dumps(written, ensure_ascii=False).encode()
    return Request(request.operation, request.method, request.path, request.headers, body, request.asker)


def _plain(answer: Answer, value: Any) -> tuple[Any, ...]:
    """What must be equal: status, headers and body without the value itself and without references."""

    def without(text: str) -> str:
        named = re.sub(rf"(?<![0-9A-Za-z]){re.escape(str(value))}(?![0-9A-Za-z])", "§", text)
        return re.sub(r"[0-9a-f]{12,64}|nonce(?:-|=\")[\w-]+|\d{4}-\d\d-\d\dT[^\"]*|\d\d:\d\d", "·", named)

    headers = {name: without(text) for name, text in answer.headers.items() if name not in _IGNORED}
    body = without(answer.body.decode("utf-8", errors="replace"))
    if answer.status == 201:  # what was just made has a number of its own
        body = re.sub(r'"id":\d+', '"id":·', body)
    return answer.status, headers, body


def _time(ring: Ring, operation: Operation, asker: Asker, place: str, field: str, foreign: Any, absent: Any) -> None:
    """Keep the median seconds of both, taken in turn; the report shows the widest gaps."""
    turns = round(7 * ring.thorough)
    if turns < 3:
        return
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(turns):
        for is_foreign, value in ((True, foreign), (False, absent)):
            request = _with(ring.build(operation, asker, NAME), operation, place, field, value)
            if request is not None:
                took[is_foreign].append(ring.forward(request, asker, operation.path).seconds)
    ring.judge.tally.gaps.append(
        (
            statistics.median(took[True]) * 1000,
            statistics.median(took[False]) * 1000,
            f"{operation.name} {field} by {asker.name}",
        )
    )

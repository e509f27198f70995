"""Values that no honest client sends."""

from __future__ import annotations

import json
import random
from typing import Any

NUMBERS = ("0", "-1", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e309", "NaN", "-0", "0x10",
           "１２", "1" * 400, "1.5", "", " ", "null")  # fmt: skip
TEXTS = (
    "", " ", "'", '"', "\\", "%", "_", "%25", "%_%_%_%_%_%", "' OR '1'='1", "'; DROP TABLE person; --", "${7*7}", "{{7*7}}",
    "<script>alert(1)</script>", "\u0000", "a\u0000b", "\u202e", "\ufeff", "\ud7ff", "😀" * 50, "a" * 5_000, "中" * 3_000,
    "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/", "%252e%252e%252f", "file:///etc/passwd", "=1+1", "\r\nX-Evil: 1",
    "true", "null", "[]", "{}", "1 UNION SELECT id_number_cipher FROM person",
)  # fmt: skip
#: What the attack writes where a text is asked for: whoever reads it in an answer has learnt nothing about anybody.
FILLER = "核实" * 300
COUNTIES = (
    "000000",
    "999999",
    "339911'",
    "３３９９１１",
    "33991",
    "3399111",
    "platform",
    "public",
    "..",
    "%2e%2e",
    "c339912",
)
FILE_NAMES = (
    "..", ".", "", "/", "../../etc/cron.d/x.csv", "a\x00b.csv", "x" * 300 + ".csv", "C:\\x\\y.csv", "表.csv", "a.CSV ", "con.csv",
    "-rf.csv", "a;b.csv", "'\".csv", "\u202evsc.exe", "a.csv/../../b", ".csv", "x.json", "x.gpkg", "x.xlsx", "x.zip", "x.vrt",
)  # fmt: skip
FILES = (
    b"", b"\x00" * 1000, b"PK\x03\x04" + b"\xff" * 200, b"\x89PNG\r\n", b"{" * 5_000, b'{"type":"FeatureCollection","features":[]}',
    b"SQLite format 3\x00" + b"\x00" * 200, b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource>"
    b"</OGRVRTLayer></OGRVRTDataSource>", b"a,b\n" + b"1,2\n" * 500, b"\xff\xfe\x00\x00", b'"' * 10_000, b"a" * 200_000,
)  # fmt: skip
FILTERS = (
    "1=1", "name='x' OR 1=1", "id_number_masked LIKE '%'", "id_number_hash IS NOT NULL", "phone_masked LIKE '138%'",
    "birth_date > DATE('1900-01-01')", "head_name LIKE '%'", "address_text LIKE '%'", "source_key='x'", "a" * 30_000,
    "(" * 5_000 + "1=1" + ")" * 5_000, " AND ".join(["id=1"] * 2_000), "NOT " * 3_000 + "id=1", "id IN (" + ",".join("1" * 5_000) + ")",
    "title LIKE '" + "%_" * 2_000 + "'", "grid_code LIKE '%'", "id = id", "CASEI(title) = 'x'", "S_INTERSECTS(geom,POINT(0 0))",
    "S_INTERSECTS(geom, POLYGON((" + ",".join(["0 0"] * 5_000) + ")))", "title = '\u0000'", "rule IN ()", "'", '"', "--",
)  # fmt: skip


def body_of(rng: random.Random, plausible: Any) -> bytes:
    """A hostile body, from a plausible one: of a wrong type, too deep, too large, broken, or with one field spoilt."""
    kind = rng.randrange(9)
    if kind == 0:
        return b"[" * 20_000 + b"]" * 20_000
    if kind == 1:
        return b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    if kind == 2:
        return json.dumps(rng.choice([None, 1, "x", [], [plausible], True, {}])).encode()
    if kind == 3:
        return json.dumps(plausible).encode()[: rng.randrange(1, 20)]
    if kind == 4:
        return b"\xff\xfe" + json.dumps(plausible).encode()
    if kind == 5:
        return json.dumps({"x": "y" * 1_500_000}).encode()
    spoilt = _spoilt(rng, plausible)
    text = json.dumps(spoilt, ensure_ascii=True)
    return text.replace("SURROGATE", "\\ud800").encode()


def _spoilt(rng: random.Random, value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return value_of(rng)
    spoilt = dict(value)
    for name in rng.sample(sorted(spoilt), k=min(len(spoilt), rng.choice((1, 1, 2)))):
        spoilt[name] = value_of(rng)
    if rng.random() < 0.2:
        spoilt[rng.choice(("id", "grid_code", "county", "role", "__proto__", "actor", "prefixes"))] = value_of(rng)
    if rng.random() < 0.2:
        del spoilt[rng.choice(sorted(spoilt))]
    return spoilt


def value_of(rng: random.Random) -> Any:
    """Some JSON value."""
    return rng.choice((
        None, True, 0, -1, 2**63, 2**64, 10**40, 1.5e308, -0.0, "", [], {}, [[]], {"a": {}}, "SURROGATE", "x" * 20_000, ["x"] * 5_000,
        rng.choice(TEXTS), rng.choice(TEXTS), rng.choice(TEXTS), {"$gt": ""}, [None], "2026-02-30", "9999-12-31", "0000-00-00",
    ))  # fmt: skip

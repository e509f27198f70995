"""Requests: random ones for any operation, plausible or hostile. Request number i of a seed is always the same."""

from __future__ import annotations

import json
import math
import random
import string
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from benchmarks.attack import hostile
from benchmarks.attack.client import Request
from benchmarks.attack.extract import tables_named
from benchmarks.attack.openapi import Operation
from benchmarks.attack.world import HOME, SCRATCH, Asker, World
from layers.features.collections import COLLECTIONS
from layers.features.tile_grids import TITLES as GRIDS
from layers.style.palette import THEMES
from layers.tiles.catalogue import LAYERS

CSRF = ("X-Onemap-Request", "1")
#: What to give a parameter whose values stand in no table; for everything else the document and the tables are asked.
WORDS: dict[str, Sequence[str]] = {
    "layers": (*LAYERS, ",".join(LAYERS), "divisions,cells", "persons,alerts", "addresses,persons"),
    "theme": tuple(THEMES),
    "grid": tuple(GRIDS),
    "sheet": tuple(THEMES),
    "image": ("png", "webp"),
    "level_m": ("12.5", "60", "0"),
    "fontstack": ("onemap", "Noto Sans Regular"),
    "wanted": ("0-255", "19968-20223"),
    "q": ("路", "村", "12号", "户", "溪"),
    "on": (date.today().isoformat(), (date.today() - timedelta(days=400)).isoformat()),
    "f": ("json", "html", "csv"),
    "limit": ("1", "20", "500", "1000"),
}
GRIDS_BY = ("WebMercatorQuad", "CGCS2000Quad")
RASTER = {"name": ("dem",)}


class Generator:
    """Makes requests from the operations, the owner's view and what scouting has learned. learned: key → values of answers."""

    def __init__(self, world: World, operations: Sequence[Operation], seed: int) -> None:
        self.world, self.operations, self.seed = world, list(operations), seed
        self.learned: dict[str, list[Any]] = defaultdict(list)
        self.points: dict[str, list[tuple[float, float]]] = {}

    def request(self, number: int) -> tuple[Request, Operation, Asker]:
        """Request number so-and-so: a random operation by a random asker, one in four of them hostile."""
        rng = random.Random(f"{self.seed}:{number}")
        operation = rng.choice(self.operations)
        if "/changes" in operation.path and operation.path.startswith("/tiles") and rng.random() < 0.9:
            operation = rng.choice(self.operations)  # a stream takes a moment; it has its share all the same
        asker = self._asker(rng, operation)
        return self.build(rng, operation, asker, hostility=rng.choice((0.0, 0.0, 0.0, 0.5))), operation, asker

    def _asker(self, rng: random.Random, operation: Operation) -> Asker:
        askers = self.world.askers
        if operation.writes:
            mine = [a for a in askers if a.county == SCRATCH]
            return rng.choice(mine) if rng.random() < 0.8 else rng.choice(askers)
        return rng.choice(askers)

    def build(self, rng: random.Random, operation: Operation, asker: Asker, hostility: float = 0.0) -> Request:
        """One request. hostility: how likely each of its values is one that no honest client sends."""
        county = self._county(rng, operation, asker, hostility)
        given = {"county": county} | self._tile(rng, operation, asker)
        path = operation.path
        query: list[tuple[str, str]] = []
        headers = list(asker.headers)
        for parameter in operation.parameters:
            name, place = parameter["name"], parameter["in"]
            wanted = parameter.get("required") or rng.random() < 0.35
            if not wanted:
                continue
            if name in given and (name == "county" or rng.random() >= hostility):
                value = given[name]
            else:
                value = self.value(rng, name, parameter, operation, asker, hostility)
            if place == "path":
                path = path.replace(f"{{{name}}}", quote(value, safe=",") or "%20", 1)
            elif place == "query":
                query.append((name, value))
            elif place == "header" and value.isprintable():
                headers.append((name, value))
        query += self._undeclared(rng, operation, hostility)
        if query:
            path += "?" + "&".join(f"{quote(n)}={quote(v.encode('utf-8', 'replace'), safe='')}" for n, v in query)
        body, media = self._body(rng, operation, asker, hostility)
        if media:
            headers.append(("Content-Type", media))
        if operation.writes and (asker.county != HOME or not asker.prefixes) and rng.random() > hostility / 4:
            headers.append(CSRF)
        if rng.random() < 0.1:
            headers.append(("Accept", rng.choice(("application/json", "text/html", "*/*", "application/geo+json"))))
        return Request(operation.name, operation.method, path, headers, body, f"{asker.name} ({asker.role})")

    def _county(self, rng: random.Random, operation: Operation, asker: Asker, hostility: float) -> str:
        if operation.writes and asker.county == HOME:
            return SCRATCH  # it must be refused; the first county is only read
        if rng.random() < hostility / 4:
            return rng.choice(hostile.COUNTIES)
        return (
            asker.county
            if rng.random() < 0.93
            else (HOME if asker.county == SCRATCH and not operation.writes else SCRATCH)
        )

    def value(
        self,
        rng: random.Random,
        name: str,
        parameter: dict[str, Any],
        operation: Operation,
        asker: Asker,
        hostility: float,
    ) -> str:
        """A value for a parameter, as text."""
        schema = parameter.get("schema", {})
        if rng.random() < hostility:
            numeric = _kind(schema) in ("integer", "number")
            return rng.choice(hostile.NUMBERS if numeric and rng.random() < 0.7 else hostile.TEXTS)
        if "/rasters/" in operation.path or "/raster/" in operation.path:
            if name in RASTER:
                return rng.choice(RASTER[name])
        elif name == "name" and operation.path.startswith("/ogc/"):
            return rng.choice(list(COLLECTIONS))
        if name == "token":
            return rng.choice(list(self.world.tokens) or ["A" * 40])
        if name == "feature_id":
            table = COLLECTIONS[rng.choice(list(COLLECTIONS))].table.name
            return self.number(rng, table, asker)
        if name in WORDS and (name != "grid" or "tile" in operation.path):
            return rng.choice(WORDS[name])
        value = self.of_world(rng, name, operation, asker, schema)
        return value if value is not None else str(self.of_schema(rng, parameter | schema, name, operation, asker))

    def of_world(
        self, rng: random.Random, name: str, operation: Operation, asker: Asker, schema: dict[str, Any]
    ) -> str | None:
        """A value from the owner's tables or from earlier answers; None when neither knows the name."""
        if name in ("lon", "lat"):
            return str(self.point(rng, asker)[name == "lat"])
        if name == "grid" or name.endswith(
            ("grid_code", "division_code", "prefix", "prefixes", "scope", "village", "town")
        ):
            return self.code(rng, asker)
        if name == "code" and "{code}" in operation.path:
            return self.code(rng, asker) if "division" in operation.path else "N50HB51D298124403060"
        if name.endswith("_id") or (name == "id" and _kind(schema) == "integer"):
            tables = tables_named(name, operation.path)
            if tables:
                return self.number(rng, tables[0], asker)
        if self.learned.get(name) and rng.random() < 0.8:
            return str(rng.choice(self.learned[name]))
        if name == "after" and self.learned["next"]:
            return str(rng.choice(self.learned["next"]))
        if _kind(schema) == "string" and not schema.get("enum") and self.world.oracle.strings(name):
            return rng.choice(self.world.oracle.strings(name))
        return None

    def number(self, rng: random.Random, table: str, asker: Asker) -> str:
        """The id of a row of a table: inside the asker's scope, outside it, or of no row."""
        view = self.world.view(asker)
        inside, outside = view.ids_of(table)
        chance = rng.random()
        if inside and (chance < 0.6 or not outside):
            return rng.choice(inside)
        return rng.choice(outside) if outside and chance < 0.95 else str(rng.randrange(1, 10**7))

    def code(self, rng: random.Random, asker: Asker) -> str:
        """A grid code inside the scope or outside it."""
        view = self.world.view(asker)
        inside, outside = view.ids_of(rng.choice(("division", "grid_cell")))
        return rng.choice(inside if inside and (rng.random() < 0.6 or not outside) else outside)

    def point(self, rng: random.Random, asker: Asker) -> tuple[float, float]:
        """A door of the asker's county."""
        doors = self.points.get(asker.county)
        return rng.choice(doors) if doors else (120.0, 30.0)

    def _tile(self, rng: random.Random, operation: Operation, asker: Asker) -> dict[str, str]:
        """The numbers of a tile that holds a door of the asker's county."""
        if not {"{z}", "{level}"} & set(operation.path.split("/")):
            return {}
        lon, lat = self.point(rng, asker)
        z = rng.choice((5, 9, 11, 12, 13, 14, 15, 16, 17, 18))
        x = int((lon + 180) / 360 * 2**z)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
        if "{level}" not in operation.path:
            return {"z": str(z), "x": str(x), "y": str(y)}
        if rng.random() < 0.5:
            return {"grid": GRIDS_BY[0], "level": str(z), "row": str(y), "column": str(x)}
        return {
            "grid": GRIDS_BY[1],
            "level": str(z),
            "row": str(int((90 - lat) / 180 * 2 ** (z - 1))),
            "column": str(x),
        }

    def _undeclared(self, rng: random.Random, operation: Operation, hostility: float) -> list[tuple[str, str]]:
        """OGC items and tiles read their query themselves; anything else must bear a parameter nobody declared."""
        if operation.path.endswith("/items") and operation.method == "GET":
            given = {
                "limit": rng.choice(("5", "100", "1000")),
                "filter": rng.choice(hostile.FILTERS)
                if rng.random() < hostility
                else rng.choice(("id > 0", "grid_code LIKE '33%'")),
                "bbox": "118,29,122,32",
                "sortby": rng.choice(("id", "-id")),
                "properties": rng.choice(("id_number_masked", "grid_code", "title", "head_name")),
                "datetime": "2020-01-01T00:00:00Z/..",
                "cursor": str(rng.choice(self.learned["cursor"])) if self.learned["cursor"] else "x",
            }
            return [(n, given[n]) for n in rng.sample(sorted(given), k=rng.choice((0, 1, 1, 2)))]
        return [("x" * 50, "1")] if rng.random() < hostility / 3 else []

    # --- bodies ------------------------------------------------------------------------------------------

    def _body(self, rng: random.Random, operation: Operation, asker: Asker, hostility: float) -> tuple[bytes, str]:
        if not operation.bodies:
            return b"", ""
        media, schema = next(iter(operation.bodies.items()))
        if media.startswith("multipart/"):
            return self._form(rng, schema, operation, asker, hostility)
        plausible = self.of_schema(rng, schema, "", operation, asker)
        if rng.random() < hostility:
            return hostile.body_of(rng, plausible), rng.choice((media, media, "text/plain", "application/xml", ""))
        return json.dumps(plausible, ensure_ascii=False).encode("utf-8", "replace"), media

    def _form(
        self, rng: random.Random, schema: dict[str, Any], operation: Operation, asker: Asker, hostility: float
    ) -> tuple[bytes, str]:
        boundary = f"b{rng.randrange(10**9)}"
        parts = []
        for name, kind in schema.get("properties", {}).items():
            if name not in schema.get("required", ()) and rng.random() < 0.6:
                continue
            if kind.get("format") == "binary" or kind.get("contentMediaType"):
                bad = rng.random() < hostility
                file_name = rng.choice(hostile.FILE_NAMES) if bad else "表.csv"
                content = (
                    rng.choice(hostile.FILES)
                    if rng.random() < hostility
                    else "地址,住所\n云溪路1号,云溪路1号\n".encode()
                )
                label = f'; filename="{file_name}"'.encode("utf-8", "replace")
                parts.append(b'; name="%s"%s\r\nContent-Type: text/csv\r\n\r\n%s' % (name.encode(), label, content))
            else:
                value = (
                    rng.choice(hostile.TEXTS)
                    if rng.random() < hostility
                    else self._field(rng, name, kind, operation, asker)
                )
                parts.append(b'; name="%s"\r\n\r\n%s' % (name.encode(), value.encode("utf-8", "replace")))
        mark = boundary.encode()
        body = b"".join(b"--" + mark + b"\r\nContent-Disposition: form-data" + part + b"\r\n" for part in parts)
        return body + b"--" + mark + b"--\r\n", f"multipart/form-data; boundary={boundary}"

    def _field(self, rng: random.Random, name: str, kind: dict[str, Any], operation: Operation, asker: Asker) -> str:
        if name == "mapping":
            return str(rng.choice(self.learned["mapping"] or ["demo_population"]))
        if name == "column":
            return "地址"
        if name == "encoding":
            return "utf-8"
        value = self.of_schema(rng, kind, name, operation, asker)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def of_schema(
        self, rng: random.Random, schema: dict[str, Any], name: str, operation: Operation, asker: Asker
    ) -> Any:
        """A plausible value for a JSON schema."""
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            real = [c for c in choices if c.get("type") != "null"]
            picked = rng.choice(real) if real and rng.random() < 0.75 else rng.choice(choices)
            return self.of_schema(rng, {"examples": schema.get("examples", [])} | picked, name, operation, asker)
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        kind = _kind(schema)
        if kind == "object":
            if (not schema.get("properties") and schema.get("examples")) or schema.get("example"):
                return schema.get("example") or rng.choice(schema["examples"])
            needed = schema.get("required", ())
            return {
                key: self.of_schema(rng, inner, key, operation, asker)
                for key, inner in schema.get("properties", {}).items()
                if key in needed or rng.random() < 0.5
            }
        if kind == "array":
            if schema.get("examples") and rng.random() < 0.5:
                return rng.choice(schema["examples"])
            count = max(schema.get("minItems", 0), rng.randrange(3))
            return [self.of_schema(rng, schema.get("items", {}), name, operation, asker) for _ in range(count)]
        if kind == "boolean":
            return rng.random() < 0.5
        of_world = self.of_world(rng, name, operation, asker, schema)
        if kind in ("integer", "number"):
            if of_world is not None and of_world.lstrip("-").replace(".", "", 1).isdigit():
                return float(of_world) if "." in of_world else int(of_world)
            low, high = schema.get("minimum", schema.get("exclusiveMinimum", 1)), schema.get("maximum", 50)
            return rng.randint(int(low), max(int(low), min(int(high), int(low) + 50)))
        if of_world is not None and rng.random() < 0.7:
            return of_world
        return self._text(rng, schema)

    def _text(self, rng: random.Random, schema: dict[str, Any]) -> str:
        examples = schema.get("examples") or ([schema["example"]] if "example" in schema else [])
        form = schema.get("format")
        if form == "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
        if form == "date":
            return (date.today() - timedelta(days=rng.randrange(400))).isoformat()
        if form == "date-time":
            return f"{date.today() - timedelta(days=rng.randrange(1, 60))}T09:30:00+08:00"
        if examples and rng.random() < 0.8:
            return str(rng.choice(examples))
        least = schema.get("minLength", 1)
        return (
            hostile.FILLER[: 2 * max(2, least // 2 + 1)]
            if rng.random() < 0.5
            else "".join(rng.choices(string.ascii_letters, k=least + 5))
        )


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if kind is None and "anyOf" in schema:
        kind = next((c.get("type") for c in schema["anyOf"] if c.get("type") != "null"), "string")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "string")
    return kind or ("object" if "properties" in schema else "string")

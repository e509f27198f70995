"""What an answer says: its words, and its numbers with the table they number. JSON, GeoJSON, tiles, HTML, CSV, workbooks, events."""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import warnings
import zlib
from dataclasses import dataclass, field
from typing import Any

import mapbox_vector_tile
from python_calamine import CalamineWorkbook

from benchmarks.attack.oracle import runs_of
from layers.tiles.catalogue import LAYERS
from mapserver.server.metadata import COUNTY_METADATA

TABLES = tuple(table.name for table in COUNTY_METADATA.sorted_tables)
_LINKS: dict[str, set[str]] = {}
for _table in COUNTY_METADATA.sorted_tables:
    for _column in _table.columns:
        for _key in _column.foreign_keys:
            _LINKS.setdefault(_column.name, set()).add(_key.column.table.name)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass
class Content:
    """words: see ``runs_of``. ids: (table, number). kind: how the answer was read."""

    words: set[str] = field(default_factory=set)
    ids: set[tuple[str, str]] = field(default_factory=set)
    kind: str = "none"


def tables_named(word: str, path: str = "") -> list[str]:
    """The tables a word of the interface can mean: households → household, address → standard_address, best first."""
    stem = _singular(word.removesuffix("_id"))
    if word in LAYERS:
        return [LAYERS[word].table]
    found = [t for t in TABLES if t == stem or t.endswith(f"_{stem}")]
    if word.endswith("_id") and len(_LINKS.get(word, ())) == 1:
        found = [*_LINKS[word], *found]
    words = {_singular(part) for part in re.split(r"[/_-]", path)}
    return sorted(dict.fromkeys(found), key=lambda t: (t != stem, -len(words & set(t.split("_")))))


def _singular(word: str) -> str:
    for plural, single in (("sses", "ss"), ("ies", "y"), ("s", "")):
        if word.endswith(plural) and not word.endswith("ss"):
            return word.removesuffix(plural) + single
    return word


def read_answer(content_type: str, encoding: str, body: bytes, path: str) -> Content:
    """Everything said by the body of an answer. path: of the OpenAPI, tells what a plain ``id`` is the id of."""
    content = Content()
    if not body:
        return content
    if encoding == "gzip":
        body = gzip.decompress(body)
    elif encoding == "deflate":
        body = zlib.decompress(body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("ndjson"):
        content.kind = "json lines"
        for line in body.splitlines():
            _walk(json.loads(line), content, path, _collection_of(path))
    elif kind.endswith(("json", "/schema+json")):
        content.kind = "json"
        _walk(json.loads(body), content, path, _collection_of(path))
    elif "mapbox-vector-tile" in kind or "mvt" in kind:
        content.kind = "tile"
        _tile(body, content)
    elif "spreadsheet" in kind:
        content.kind = "workbook"
        _workbook(body, content)
    elif kind.startswith("image/") or "protobuf" in kind:
        content.kind = "picture"
    else:
        content.kind = "text"
        _text(body.decode("utf-8", errors="replace"), content)
    return content


def _collection_of(path: str) -> str:
    """The collection a path ends in: /api/{county}/alerts/{alert_id} → alerts."""
    plain = [part for part in path.split("/") if part and not part.startswith("{")]
    return plain[-1] if plain else ""


def _walk(value: Any, content: Content, path: str, collection: str) -> None:
    if isinstance(value, str):
        content.words |= runs_of(value)
    elif isinstance(value, list):
        for one in value:
            _walk(one, content, path, collection)
    elif isinstance(value, dict):
        for name, inner in value.items():
            content.words |= runs_of(name)
            if isinstance(inner, int | str) and not isinstance(inner, bool):
                _number(name, str(inner), value, content, path, collection)
            _walk(inner, content, path, name if isinstance(inner, list | dict) and name != "features" else collection)


def _number(name: str, number: str, row: dict[str, Any], content: Content, path: str, collection: str) -> None:
    """The id under a key: household_id; subject_kind with subject_id, entity with entity_id; id of a collection."""
    if not number.isdigit() or (name != "id" and not name.endswith("_id")):
        return
    if name == "id" and path.startswith(("/api/session", "/api/accounts", "/api/{county}/audit")):
        return  # sessions, tokens, accounts and rows of a trail: no records of a county
    stem = name.removesuffix("_id")
    kind = row.get(f"{stem}_kind") or row.get(stem)
    if name == "id":
        named = tables_named(collection, path)
    elif isinstance(kind, str):
        named = tables_named(kind, path)
    else:
        named = tables_named(name, path)
        if len(named) > 1 and not any(part in named[0].split("_")[:-1] for part in re.split(r"[/_-]", path)):
            return  # a batch may be of an import or of corrections: nothing says which
    if named:
        content.ids.add((named[0], number))


def _tile(body: bytes, content: Content) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layers = mapbox_vector_tile.decode(body)
    for name, layer in layers.items():
        for feature in layer["features"]:
            for key, value in feature["properties"].items():
                if isinstance(value, str):
                    content.words |= runs_of(value)
                if key == "id" and name in LAYERS:
                    content.ids.add((LAYERS[name].table, str(value)))


def _workbook(body: bytes, content: Content) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    for sheet in book.sheet_names:
        for row in book.get_sheet_by_name(sheet).to_python():
            for cell in row:
                content.words |= runs_of(str(cell))


def _text(text: str, content: Content) -> None:
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), html.unescape(text))
    content.words |= runs_of(text)

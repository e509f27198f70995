"""Twice the text costs twice the work, not four times: nothing that a request carries freezes the process."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from database.rights.scope import Role
from gazetteer.reading.normalise import normalise
from layers.features.collections import get_collection
from layers.features.cql2 import LANGUAGES, MAX_CHARACTERS, read_filter
from layers.features.cql2_text import measure, without_ilike
from layers.features.crs import DEFAULT
from layers.features.errors import FilterInvalid, UnknownProperty
from mapserver.door.account_cache import session_in
from mapserver.http.negotiation import best_encoding, best_media
from tests.mapserver.door.conftest import Served
from tests.rooms import ROOMS

TokenOf = Callable[..., str]
SEEDS = ["a", "1", "0", " ", "-", ".", "'", '"', ",", "(", "号", "一", "路", "A1", "1-", "- ", "·", "#", "/", "村", "1号", "十", "栋",
         "\\", "''", "(1", "gzip;", "gzip;q=0", "号之", "1之", "A", "地下", "负", "=", "NOT ", "村村", "路1", "\u3000", "２"]  # fmt: skip
FEW = ["a", "1", "0", " ", "-", ".", "'", ",", "(", "号", "一", "A1", "1-", "村", "1号", "\u3000", "=", "1之", "地下"]
SHORT = 1500
#: A quadratic reader takes four times as long for twice the text, and sixteen times for four times; the machine's noise is between.
FACTOR, STRETCH, LEAST_S = 4, 10.0, 0.02


def seconds(work: Callable[[str], object], text: str, times: int = 3) -> float:
    """The quickest of several."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        with suppress(FilterInvalid, ValueError):
            work(text)
        taken.append(time.thread_time() - began)
    return min(taken)


def is_linear(work: Callable[[str], object], seed: str, end: str = "") -> bool:
    if seconds(work, seed * (FACTOR * SHORT // len(seed)) + end, times=1) < LEAST_S:
        return True
    longer = seconds(work, seed * (FACTOR * SHORT // len(seed)) + end)
    return longer < LEAST_S or longer < STRETCH * seconds(work, seed * (SHORT // len(seed)) + end)


class Used(NamedTuple):
    """A pattern, where it stands, and whether it is looked for anywhere in a text or only at its beginning."""

    name: str
    pattern: re.Pattern[Any]
    anywhere: bool

    def work(self, text: str) -> None:
        written: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        self.pattern.match(written)
        self.pattern.fullmatch(written)
        if self.anywhere:
            self.pattern.search(written)
            for _found in self.pattern.finditer(written):
                pass


def patterns() -> Iterator[Used]:
    """Every pattern of the house that stands under a name, and how its own module uses it."""
    for floor in ROOMS:
        for module in pkgutil.walk_packages(importlib.import_module(floor).__path__, f"{floor}."):
            if ".migrations" in module.name or ".cli" in module.name:
                continue
            loaded = importlib.import_module(module.name)
            for name, value in vars(loaded).items():
                if isinstance(value, re.Pattern):
                    used = re.search(
                        rf"\b{name}\.(sub|subn|search|finditer|findall|split)\b", inspect.getsource(loaded)
                    )
                    yield Used(f"{module.name}.{name}", value, used is not None)


def test_no_pattern_of_the_house_looks_back_again_and_again() -> None:
    slow = [
        (used.name, seed)
        for used in patterns()
        for seed in FEW
        for end in ("", "!")
        if not is_linear(used.work, seed, end)
    ]
    assert slow == []


@pytest.mark.parametrize("seed", SEEDS)
def test_reading_an_address_is_linear(seed: str) -> None:
    assert is_linear(normalise, seed)


@pytest.mark.parametrize("seed", [*SEEDS, "a=1 OR ", "a ILIKE 'b' ", "1+", "((", "NOT(", "f(", "[", "a,"])
@pytest.mark.parametrize("work", [measure, without_ilike])
def test_measuring_a_filter_is_linear(work: Callable[[str], object], seed: str) -> None:
    assert is_linear(work, seed)


@pytest.mark.parametrize("seed", [b"a=b;", b"onemap_session=;", b'"\\"', b"\\", b";", b"onemap_session=a;"])
def test_reading_a_cookie_is_linear(seed: bytes) -> None:
    assert is_linear(lambda text: session_in(text.encode()), seed.decode())


@pytest.mark.parametrize("seed", ["gzip;", "gzip ", "gzip;q=0,", " ", "gzip;q=0.0", "a,", ",", ";", "q=", "0"])
def test_reading_what_is_accepted_is_linear(seed: str) -> None:
    assert is_linear(lambda text: best_encoding(text, ("br", "gzip")), seed)
    assert is_linear(lambda text: best_media(text, ("text/html", "application/json")), seed)


HOSTILE = {
    "one word": "a" * 30_000,
    "a chain of sums": "n=" + "+".join(["1"] * 9_000),
    "a chain of differences": "n=1" + " -1" * 6_000,
    "sums in brackets": "n=1" + "+(1)" * 4_000,
    "sums in a point": "s_intersects(geometry,POINT(n" + " -1" * 5_000 + " 1))",
    "a chain of products": "n=" + "*".join(["1"] * 9_000),
    "a chain of powers": "n=" + "^".join(["1"] * 9_000),
    "a chain of comparisons": "=".join(["a"] * 9_000),
    "many ORs": " OR ".join(["code='1'"] * 1_500),
    "many NOTs": "NOT " * 4_000 + "a",
    "brackets": "(" * 19_000,
    "arrays": "[" * 19_000,
    "functions": "f(" * 9_000,
    "minus signs": "n=" + "-" * 19_000,
    "an open text": "code='" + "x" * 19_000,
    "quotes": "'" * 19_001,
    "names": '"' * 19_001,
    "ILIKE": "a ILIKE " * 2_000,
    "digits": "n=" + "9" * 19_000,
    "an exponent": "n=1e99999",
    "betweens": "a BETWEEN " * 1_900,
    "casei": "CASEI(" * 3_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_filter_is_refused_quickly(name: str, language: str) -> None:
    text = HOSTILE[name]
    began = time.thread_time()
    with pytest.raises((FilterInvalid, UnknownProperty)):
        read_filter(text, language, get_collection("addresses"), DEFAULT)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "text", ["[" * 19_000, '{"op":"not","args":[' * 900, '{"op":"and","args":[' + "true," * 3_000 + "true]}", '{"op":' + "9" * 19_000]
)  # fmt: skip
def test_a_hostile_json_filter_is_refused_quickly(text: str) -> None:
    began = time.thread_time()
    with pytest.raises(FilterInvalid):
        read_filter(text, "cql2-json", get_collection("addresses"), DEFAULT)
    assert time.thread_time() - began < 0.5


def test_a_long_filter_is_refused_unread() -> None:
    with pytest.raises(FilterInvalid, match=f"{MAX_CHARACTERS}"):
        read_filter("a" * (MAX_CHARACTERS + 1), "cql2-text", get_collection("addresses"), DEFAULT)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a ILIKE 'b%'", "CASEI(a) LIKE CASEI('b%')"),
        ("\"名\" ilike 'x''y' AND c = 1", "CASEI(\"名\") LIKE CASEI('x''y') AND c = 1"),
        ("a = 'b ILIKE ''c'''", "a = 'b ILIKE ''c'''"),
        ("(a  ILIKE  'b') OR (c ILIKE 'd')", "(CASEI(a)  LIKE  CASEI('b')) OR (CASEI(c) LIKE CASEI('d'))"),
        ("a ILIKE b", "a ILIKE b"),
    ],
)
def test_what_gdal_writes_is_read_as_before(written: str, read: str) -> None:
    assert without_ilike(written) == read


@pytest.mark.parametrize(
    "path",
    [
        f"/ogc/330521/collections/addresses/items?filter-lang=cql-text&filter={'a' * 30_000}",
        f"/ogc/330521/collections/addresses/items?filter={quote(HOSTILE['a chain of sums'])}",
        f"/ogc/330521/collections/addresses/items?bbox={'1,' * 20_000}1",
        f"/ogc/330521/collections/addresses/items?datetime={'1' * 20_000}",
        f"/ogc/330521/collections/addresses/items?cursor={'A' * 40_000}",
        f"/ogc/330521/collections/addresses/items?sortby={'a,' * 20_000}",
        f"/ogc/330521/collections/addresses/items?properties={'code,' * 10_000}",
        f"/ogc/330521/collections/addresses/items?{'a=1&' * 20_000}",
        f"/api/330521/addresses/search?q={quote('一' * 5_000)}",
        f"/api/330521/addresses/as-of?on=2025-01-01&q={'1' * 20_000}",
        f"/api/330521/alerts?after={'A' * 40_000}",
        f"/api/330521/alerts?q={'%25' * 10_000}",
        f"/api/330521/changes?after={'9' * 20_000}",
        f"/tiles/330521/{'cells,' * 10_000}cells/14/1/1.mvt",
        f"/tiles/330521/{'cells,' * 10_000}cells.json",
        f"/tiles/330521/raster/dem/1/1/1.png?rescale={'1,' * 20_000}",
        f"/p/{'A' * 40_000}",
        f"/api/330521/codes/beidou/{'N' * 40_000}",
        f"/style/fonts/{'a' * 20_000}/0-255.pbf",
    ],
)  # fmt: skip
def test_health_answers_while_a_long_request_is_read(server: Served, token_of: TokenOf, path: str) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    began = time.process_time()
    answer = server.send(f"GET {path} HTTP/1.1\nAuthorization: {token}")
    assert answer.status in (200, 204, 400, 404, 414, 422), answer.body[:300]
    assert time.process_time() - began < 1.5
    assert server.send("GET /healthz HTTP/1.1").status == 200

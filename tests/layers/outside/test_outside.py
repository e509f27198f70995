"""Base maps of other servers: only configured hosts, only pictures, keys unseen, kept on disk, no open proxy."""

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from database.installation.settings import Settings
from layers.outside.fetching import MOST_BYTES, OutsideMapUnavailable, OutsideTileMissing, OutsideTiles, media_of
from layers.outside.sources import OutsideMap, OutsideMapsUnreadable, read_outside_maps
from layers.outside.tile_folder import KeptTiles
from layers.outside.wmts import read_capabilities
from tests.layers.outside.served import CAPABILITIES, PNG, Served, serving

KEY = "the-key-of-the-county"


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: Served) -> Served:
    running.requests.clear()
    running.answers.clear()
    return running


def configured(tmp_path: Path, server: Served, more: str = "") -> dict[str, OutsideMap]:
    file = tmp_path / "maps.toml"
    file.write_text(
        f'[[map]]\nname = "xyz"\ntitle = "省影像"\nkind = "xyz"\nurl = "{server.url}/xyz/{{z}}/{{x}}/{{-y}}.png"\nkey = "{KEY}"\n'
        f'[[map]]\nname = "wmts"\ntitle = "市影像"\nkind = "wmts"\nurl = "{server.url}/wmts?REQUEST=GetCapabilities"\nlayer = "img"\n'
        + more,
        "utf-8",
    )
    return read_outside_maps(Settings(outside_maps=file, tianditu_key=SecretStr(KEY), tianditu_url=server.url))


def ask(tmp_path: Path, *questions: tuple[OutsideMap, int, int, int], max_days: float = 30) -> list[object]:
    """The answer or the error of each question, asked one after the other by one process."""

    async def run() -> list[object]:
        tiles = OutsideTiles(KeptTiles(tmp_path / "kept", max_mb=10, max_days=max_days))
        try:
            return [(await asyncio.gather(tiles.tile(*one), return_exceptions=True))[0] for one in questions]
        finally:
            await tiles.close()

    return asyncio.run(run())


def test_nothing_is_offered_unless_it_is_configured() -> None:
    assert read_outside_maps(Settings()) == {}


def test_tianditu_is_asked_in_both_grids_with_the_key_and_only_once(
    tmp_path: Path, server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    maps = configured(tmp_path, server)
    assert {name for name in maps if name.startswith("tianditu")} == {
        "tianditu-vec", "tianditu-img", "tianditu-cva", "tianditu-vec-c", "tianditu-img-c", "tianditu-cva-c",
    }  # fmt: skip
    first = (maps["tianditu-vec"], 12, 3412, 1688)
    assert ask(tmp_path, first, first, (maps["tianditu-img-c"], 2, 3, 1)) == [(PNG, "image/png")] * 3
    assert [path.partition("?")[0] for path in server.requests] == ["/vec_w/wmts", "/img_c/wmts"]
    assert "TILEMATRIX=12&TILEROW=1688&TILECOL=3412&tk=" + KEY in server.requests[0]
    assert KEY not in caplog.text and KEY not in repr(maps)
    (gone,) = ask(tmp_path, (maps["tianditu-img-c"], 2, 3, 2))  # a degree grid is half as high as wide
    assert isinstance(gone, OutsideTileMissing)


def test_a_wmts_is_asked_as_its_capabilities_say(tmp_path: Path, server: Served) -> None:
    template = server.url + "/tiles/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png"
    server.answers["/wmts"] = (200, "application/xml", CAPABILITIES.replace("{template}", template).encode())
    wmts = configured(tmp_path, server)["wmts"]
    answers = ask(tmp_path, (wmts, 5, 26, 13), (wmts, 6, 1, 1), (wmts, 5, 32, 0), (wmts, 5, -1, 0))
    assert answers[0] == (PNG, "image/png")
    assert all(isinstance(one, OutsideTileMissing) for one in answers[1:])
    assert server.requests == ["/wmts?REQUEST=GetCapabilities", "/tiles/plain/mercator/L05/13/26.png"]
    degrees = read_capabilities(CAPABILITIES.encode(), "img", None, "c", "")
    assert degrees is not None and degrees.matrices == {1: "1"}
    assert read_capabilities(b'<!DOCTYPE a [<!ENTITY b "c">]>' + CAPABILITIES.encode(), "img", None, "w", "") is None


def test_no_other_host_is_reached_whatever_the_server_says(tmp_path: Path, server: Served) -> None:
    with serving() as other:
        answer = CAPABILITIES.replace("{template}", other.url + "/{TileMatrix}/{TileRow}/{TileCol}").encode()
        server.answers["/wmts"] = (200, "application/xml", answer)
        server.answers["/xyz/3/1/6.png"] = (302, "text/plain", b"")
        maps = configured(tmp_path, server)
        for answers in (ask(tmp_path, (maps["wmts"], 5, 1, 1)), ask(tmp_path, (maps["xyz"], 3, 1, 1))):
            assert isinstance(answers[0], OutsideMapUnavailable)
        assert other.requests == [] and "/secret" not in server.requests


@pytest.mark.parametrize(
    "answer",
    [
        (200, "image/png", b"<html>quota of key the-key exceeded</html>"),
        (200, "image/png", PNG + b"\0" * MOST_BYTES),
        (403, "image/png", PNG),
        (200, "image/svg+xml", b"<svg onload='x'/>"),
    ],
    ids=["page", "large", "refused", "svg"],
)
def test_what_is_no_picture_is_not_handed_on_and_the_key_is_not_told(
    tmp_path: Path, server: Served, answer: tuple[int, str, bytes]
) -> None:
    server.answers["/xyz/3/1/6.png"] = answer
    source = configured(tmp_path, server)["xyz"]
    first, second = ask(tmp_path, (source, 3, 1, 1), (source, 3, 2, 1))
    assert isinstance(first, OutsideMapUnavailable) and KEY not in str(first)
    assert isinstance(second, OutsideMapUnavailable)  # it is left alone for a while
    assert len(server.requests) == 1 and not list((tmp_path / "kept").rglob("*.png"))


def test_an_old_tile_is_better_than_none(tmp_path: Path, server: Served) -> None:
    source = configured(tmp_path, server)["xyz"]
    assert ask(tmp_path, (source, 3, 1, 1)) == [(PNG, "image/png")]
    server.answers["/xyz/3/1/6.png"] = (500, "text/plain", b"")
    assert ask(tmp_path, (source, 3, 1, 1), max_days=1e-9) == [(PNG, "image/png")]
    assert len(server.requests) == 2


def test_the_folder_stays_below_its_limit_and_the_least_used_go(tmp_path: Path) -> None:
    kept = KeptTiles(tmp_path, max_mb=1, max_days=30)
    body = PNG + b"\0" * 100_000
    for x in range(10):
        kept.put("a", 5, x, 1, body)
        os.utime(tmp_path / "a/5" / str(x) / "1", (1_000_000 + x, 1_000_000 + x))
    assert kept.get("a", 5, 0, 1) is not None  # read just now
    kept.put("a", 5, 10, 1, body)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2**20
    assert kept.get("a", 5, 0, 1) is not None and kept.get("a", 5, 1, 1) is None


def test_a_wrong_configuration_is_named_without_its_key(tmp_path: Path, server: Served) -> None:
    for more in (
        '[[map]]\nname = "../x"\n',
        f'[[map]]\nname = "b"\ntitle = "b"\nkind = "xyz"\nurl = "file:///{KEY}"\n',
        "][",
    ):
        with pytest.raises(OutsideMapsUnreadable) as found:
            configured(tmp_path, server, more)
        assert KEY not in str(found.value)
    assert media_of(b"RIFF0000WEBP") == "image/webp" and media_of(b"RIFF0000WAVE") is None

"""The style document: valid by the MapLibre specification, true to the tile catalogue, no word of what is not allowed."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from layers.base.catalogue import LAYERS as BASE_LAYERS
from layers.base.catalogue import TILES, described
from layers.style.fonts import WEIGHTS
from layers.style.icons import ICONS
from layers.style.palette import THEMES, get_theme
from layers.style.style import Links, style_document, tile_of
from layers.tiles.catalogue import LAYERS

ALL = (*TILES, *LAYERS)
#: Source layer → its attributes.
ATTRIBUTES: dict[str, set[str]] = {name: {field.name for field in layer.fields} for name, layer in LAYERS.items()} | {
    str(layer["id"]): set(layer["fields"])
    for tile in TILES
    for layer in described(tile)  # type: ignore[call-overload]
}
LINKS = Links(
    tiles="http://127.0.0.1:8000/tiles/330521/{layers}/{z}/{x}/{y}.mvt",
    sprite="http://127.0.0.1:8000/style/sprites/light",
    glyphs="http://127.0.0.1:8000/style/fonts/{fontstack}/{range}.pbf?v=1",
)
PACK = Links("pmtiles://county.pmtiles", "http://127.0.0.1:8000/s", "http://127.0.0.1:8000/{fontstack}/{range}.pbf", 14)
BOUNDS = (119.7, 30.4, 120.4, 30.8)
THEME = pytest.mark.parametrize("theme", THEMES)
VALIDATOR = (
    Path(__file__).parents[3] / "frontend/node_modules/@maplibre/maplibre-gl-style-spec/dist/gl-style-validate.mjs"
)


def made(theme: str = "light", allowed: tuple[str, ...] = ALL, links: Links = LINKS) -> dict[str, Any]:
    return style_document(get_theme(theme), allowed, links, bounds=BOUNDS)


def words(part: Any) -> set[str]:
    """Every attribute that an expression asks for."""
    if not isinstance(part, list):
        return set()
    if len(part) == 2 and part[0] in ("get", "has") and isinstance(part[1], str):
        return {part[1]}
    return {word for one in part for word in words(one)}


@pytest.mark.parametrize("links", [LINKS, PACK], ids=["served", "pack"])
@THEME
def test_the_document_is_valid_by_the_specification(theme: str, links: Links, tmp_path: Path) -> None:
    assert VALIDATOR.is_file(), "the web app's packages are not installed: scripts/setup installs them"
    file = tmp_path / "style.json"
    file.write_text(json.dumps(made(theme, links=links)), "utf-8")
    done = subprocess.run(["node", str(VALIDATOR), str(file)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_validator_would_find_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "style.json"
    document = made()
    document["layers"][1]["paint"]["fill-colour"] = "red"
    file.write_text(json.dumps(document), "utf-8")
    done = subprocess.run(["node", str(VALIDATOR), str(file)], capture_output=True, text=True, timeout=60)
    assert "fill-colour" in done.stdout + done.stderr


@THEME
def test_layers_and_attributes_are_those_of_the_catalogue(theme: str) -> None:
    document = made(theme)
    for layer in document["layers"][1:]:
        attributes = ATTRIBUTES[layer["source-layer"]]
        names = words(layer.get("filter")) | {
            word for kind in ("layout", "paint") for value in layer.get(kind, {}).values() for word in words(value)
        }
        assert names <= attributes, layer["id"]
        template = document["sources"][layer["source"]]["tiles"][0]
        assert tile_of(layer["source-layer"]) in template.split("/330521/")[1].split("/")[0].split(",")
    assert {tile_of(layer["source-layer"]) for layer in document["layers"][1:]} == set(ALL)
    assert {layer["source-layer"] for layer in document["layers"][1:]} == set(
        ATTRIBUTES
    )  # nothing is carried that is not drawn
    assert len({layer["id"] for layer in document["layers"]}) == len(document["layers"])


@THEME
def test_icons_and_fonts_that_are_named_are_there(theme: str) -> None:
    text = json.dumps([layer["layout"].get("icon-image") for layer in made(theme)["layers"] if "layout" in layer])
    named = {word for word in re.findall(r'"([a-z-]+)"', text) if word not in ("match", "case", "get", "coalesce")}
    values = {"severity", "status", "high", "medium", "class", "number", "slice"} | {
        one.name for one in BASE_LAYERS["points"].classes
    }
    assert named - values <= set(ICONS)
    stacks = {
        tuple(layer["layout"]["text-font"]) for layer in made(theme)["layers"] if "text-font" in layer.get("layout", {})
    }
    assert {stack for (stack,) in stacks} <= set(WEIGHTS)


@THEME
def test_every_record_and_every_count_is_drawn_at_every_zoom_of_its_layer(theme: str) -> None:
    """A dot hands over to an icon without a gap and without both."""
    layers = {layer["id"]: layer for layer in made(theme)["layers"]}
    for name in ("addresses", "places", "persons", "objects", "events", "alerts"):
        assert layers[f"{name}-dot"]["maxzoom"] == layers[f"{name}-icon"]["minzoom"]
        assert layers[f"{name}-dot"].get("minzoom", 0) == layers[f"{name}-count"].get("minzoom", 0)
        assert "maxzoom" not in layers[f"{name}-count"]


@pytest.mark.parametrize("missing", ALL)
def test_what_is_not_allowed_is_not_mentioned(missing: str) -> None:
    document = made(allowed=tuple(name for name in ALL if name != missing))
    assert missing not in {tile_of(layer.get("source-layer", "")) for layer in document["layers"]}
    assert not any(re.search(rf"[/,]{missing}[/,]", source["tiles"][0]) for source in document["sources"].values())
    used = {layer["source"] for layer in document["layers"][1:]}
    assert used == set(document["sources"])  # nothing is asked for that is not drawn


def test_nobodys_style_is_an_empty_map() -> None:
    document = made(allowed=())
    assert document["sources"] == {}
    assert [layer["type"] for layer in document["layers"]] == ["background"]


def test_a_pack_has_one_address_and_its_own_highest_zoom() -> None:
    sources = made(links=PACK)["sources"].values()
    assert {source["url"] for source in sources} == {"pmtiles://county.pmtiles"}
    assert all("tiles" not in source and source["maxzoom"] <= 14 for source in sources)


@THEME
def test_no_other_host_is_named(theme: str) -> None:
    hosts = set(re.findall(r"[a-z]+://([^/\"]+)", json.dumps(made(theme))))
    assert hosts == {"127.0.0.1:8000"}


@pytest.mark.parametrize(
    ("bounds", "zoom"),
    [((119.7, 30.4, 120.4, 30.8), 9.3), ((120.0, 30.0, 120.02, 30.03), 13.7), ((120.0, 30.0, 120.0, 30.0), 17)],
)
def test_the_map_opens_on_all_of_the_scope(bounds: tuple[float, ...], zoom: float) -> None:
    assert style_document(get_theme("light"), ALL, LINKS, bounds=bounds)["zoom"] == zoom


def test_the_same_question_has_the_same_answer() -> None:
    assert json.dumps(made()) == json.dumps(made())

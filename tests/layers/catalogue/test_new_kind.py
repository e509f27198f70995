"""A kind of record in a module of its own: registered, it is on tiles, in the style, the catalogue and the OGC collections at once."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from access.accounts.accounts import Account
from database.rights.scope import Role
from layers.catalogue import registry
from layers.catalogue.registry import KINDS
from layers.features.collections import COLLECTIONS
from layers.style.links import links_of
from layers.style.palette import THEMES
from layers.style.style import style_document
from layers.tiles.catalogue import LAYERS
from layers.tiles.functions import functions
from mapserver.routes.catalogue import catalogue
from mapserver.tiles.rights import permitted_layers

NAME = "landmarks"
OFFICIAL = Account("official", "乡镇干部", Role.TOWN_OFFICIAL, "330521", "德清县", False, ("330521001",))
LINKS = links_of("http://127.0.0.1:8000", "330521", THEMES["light"], "1")
#: All that somebody writes for a layer of a table that is there: place names have been imported and never drawn as records.
MODULE = f'''
from gazetteer.library.models import PlaceName
from gazetteer.library.vocabulary import PlaceNameKind
from layers.catalogue.kind import Colours, Field, Kind, Label, Look
from layers.catalogue.registry import register

register(
    Kind(
        name="{NAME}",
        record="landmark",
        title=Label("地址：地标", "Addresses: landmarks"),
        subject="address",
        model=PlaceName,
        geometry="point",
        order=33,
        colour=Colours(light="#7a4a1e", dark="#d9a066", contrast="#4a2800"),
        look=Look("place", 12, (12, 2, 18, 6)),
        sensitivity="public",
        fields=(
            Field("name", Label("地名", "Name"), tile=0, ogc=True, card=True, search=True),
            Field("kind", Label("类别", "Kind"), tile=14, ogc=True, card=True, codes=PlaceNameKind),
            Field("aliases", Label("别名", "Other names"), card=True),
        ),
    )
)
'''


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kind is in the catalogue; afterwards nothing of it is left."""
    assert NAME not in KINDS
    (tmp_path / "landmarks_kind.py").write_text(MODULE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    importlib.import_module("landmarks_kind")
    yield
    monkeypatch.undo()
    registry._forget()
    sys.modules.pop("landmarks_kind")
    assert NAME not in KINDS
    assert NAME not in LAYERS


def test_it_is_a_layer_of_the_tiles(registered: None) -> None:
    assert [(field.name, field.minzoom) for field in LAYERS[NAME].fields if field.name in {"name", "kind", "aliases"}] == [
        ("name", 0), ("kind", 14),
    ]  # fmt: skip
    assert list(LAYERS).index(NAME) == list(KINDS).index(NAME) > 0
    assert NAME in permitted_layers(Role.TOWN_OFFICIAL)
    assert f"'{NAME}'" in "".join(text for _, text in functions())


@pytest.mark.parametrize("theme", THEMES)
def test_it_is_drawn_in_every_theme_in_its_colour(registered: None, theme: str) -> None:
    drawn = {
        one["id"]: one for one in style_document(THEMES[theme], permitted_layers(Role.TOWN_OFFICIAL), LINKS)["layers"]
    }
    colour = {"light": "#7a4a1e", "dark": "#d9a066", "contrast": "#4a2800"}[theme]
    assert drawn[f"{NAME}-dot"]["paint"]["circle-color"] == drawn[f"{NAME}-count"]["paint"]["circle-color"] == colour
    assert drawn[f"{NAME}-icon"]["layout"]["icon-image"] == "place"


def test_its_tiles_are_asked_for_with_the_others(registered: None) -> None:
    document = style_document(THEMES["light"], permitted_layers(Role.TOWN_OFFICIAL), LINKS)
    assert NAME in document["sources"]["near"]["tiles"][0]
    assert document["metadata"]["onemap:legend"]["layers"][NAME] == "#7a4a1e"


def test_the_catalogue_names_it_for_the_web_map(registered: None) -> None:
    (kind,) = [kind for kind in catalogue(OFFICIAL).kinds if kind.name == NAME]
    assert (kind.noun.zh, kind.noun.en) == ("地标", "landmarks")
    assert [(field.name, field.label.zh, field.vocabulary) for field in kind.fields] == [
        ("name", "地名", None), ("kind", "类别", "place_name_kind"), ("aliases", "别名", None),
    ]  # fmt: skip


def test_it_is_a_collection_with_its_properties(registered: None) -> None:
    assert list(COLLECTIONS[NAME].properties) == ["name", "kind"]
    assert COLLECTIONS[NAME].sensitivity == "public"


def test_without_it_nothing_knows_of_it() -> None:
    known = [*LAYERS, *COLLECTIONS, *KINDS, *(kind.name for kind in catalogue(OFFICIAL).kinds)]
    assert NAME not in known
    assert NAME not in str(style_document(THEMES["light"], permitted_layers(Role.TOWN_OFFICIAL), LINKS))

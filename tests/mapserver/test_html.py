"""Pages are valid HTML: nothing outside the body, the encoding said at once, no tag that a strict parser stumbles over."""

import re
from html.parser import HTMLParser
from pathlib import Path

import folium
import pytest

from mapserver.maps.offline import PACKAGES, render_page
from mapserver.ogc.answers import page, table
from mapserver.pages.scan_page import unknown_page

EVIL = '<b title="x">&amp;</body></html>{{ 7*7 }}'


def map_page() -> str:
    if not PACKAGES.is_dir():
        pytest.skip("the scripts of the map pages are not installed (scripts/setup installs them)")
    shown = folium.Map(tiles=None, location=(30.5, 120.0))
    place = {
        "type": "Feature",
        "properties": {"名": "永安街"},
        "geometry": {"type": "Point", "coordinates": [120.0, 30.5]},
    }
    folium.GeoJson({"type": "FeatureCollection", "features": [place]}, name="地址").add_to(shown)
    folium.LayerControl().add_to(shown)
    return render_page(shown, title=EVIL)


def pages() -> dict[str, str]:
    ogc = bytes(page(EVIL, [(EVIL, "/x?a=1&b=2")], table([EVIL], [[EVIL, (EVIL, "/y")]])).body).decode()
    app = (Path(__file__).parents[2] / "frontend" / "index.html").read_text("utf-8")
    return {"map": map_page(), "ogc": ogc, "scan": unknown_page(), "app": app}


class Outline(HTMLParser):
    """What stands where: tags after the body has ended, identifiers, the first tag of the head."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = False
        self.after: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if self.ended:
            self.after.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.ended = self.ended or tag == "body"


def test_nothing_stands_outside_the_body_and_the_encoding_comes_first() -> None:
    for name, text in pages().items():
        outline = Outline()
        outline.feed(text)
        names = [tag for tag, _attributes in outline.tags]
        assert text.lower().startswith("<!doctype html>"), name
        assert dict(outline.tags[0][1]) == {"lang": "zh-CN"}, name
        assert outline.tags[2][0] == "meta" and outline.tags[2][1].get("charset", "").lower() == "utf-8", name
        assert sum("charset" in attributes for tag, attributes in outline.tags if tag == "meta") == 1, name
        assert (names.count("title"), names.count("body"), outline.after) == (1, 1, []), name
        assert len(set(outline.ids)) == len(outline.ids), name
        assert re.search(r"charset=.?utf-8", text[:1024], re.I), name


def test_style_sheets_hold_what_css_knows() -> None:
    assert not re.search(r"behavior:|plus-lighter", map_page())


def test_a_strict_parser_finds_nothing_wrong() -> None:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed (scripts/setup --test installs it)")
    for text in pages().values():
        html5lib.HTMLParser(strict=True).parse(text)

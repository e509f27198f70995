"""A Folium map as one self-contained page: no remote request, no class-level change to Folium.

Folium writes links to a CDN into the header of its figure. Here the map is rendered into the figure, the links are
replaced by the local files inlined, and the figure's own template is filled once. Leaflet and its style sheet
are all that GeoJson layers and the layer control need; jQuery comes along where Folium's own popups call it. The files come from ``mapserver/maps/assets`` (npm,
pinned; ``scripts/setup`` installs them).
"""

from __future__ import annotations

import base64
import html
import re
import secrets
from functools import cache
from pathlib import Path

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink

from database.errors import Unavailable
from layers.style.tokens import css
from mapserver.maps.coordinates import Coordinates

PACKAGES = Path(__file__).parent / "assets" / "node_modules"
LEAFLET = PACKAGES / "leaflet" / "dist" / "leaflet.js"
JQUERY = PACKAGES / "jquery" / "dist" / "jquery.min.js"
PAGE_STYLE = Path(__file__).parent / "page.css"
STYLE = PACKAGES / "leaflet" / "dist" / "leaflet.css"
_IMAGE = re.compile(r"url\(([\"']?)(images/[^)\"']+)\1\)")
# Chinese as JSON escapes takes twice the room it needs; an escape after an even number of backslashes is one
_CHINESE = re.compile(r"(?<!\\)((?:\\\\)*)\\u(3[0-9a-f]{3}|[4-9][0-9a-f]{3}|ff[0-9a-e][0-9a-f])")
_CHARSET = re.compile(r"""(?<!\s)\s*+<meta http-equiv="content-type"[^>]*>""")
_NO_CSS = re.compile(r"(?<!\s)\s*+(?:behavior:[^;}]*|mix-blend-mode:\s*plus-lighter);")
# Folium calls jQuery for popups that it makes itself; ours are Leaflet's own
_JQUERY_CALL = re.compile(r"(?<![\w$])(?:\$|jQuery)\(")
_REMOTE = re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""")

# What the page may do: run its own inline scripts and styles, named by a nonce that nothing in a record can know, show its own
# data images, and nothing else. The page says so itself, so that it holds where it is opened from a file; served, it is
# moreover sandboxed away from the application's origin. Colours in the panel and Folium's own tooltips are style attributes,
# which load nothing.
PAGE_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src data:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)


class Page(str):
    """The whole page as HTML, and its nonce."""

    nonce: str

    def __new__(cls, text: str, nonce: str) -> Page:
        """A text that is a page."""
        page = super().__new__(cls, text)
        page.nonce = nonce
        return page

    @property
    def policy(self) -> str:
        """The policy to serve it with: its own, and a sandbox."""
        return f"{PAGE_POLICY.format(nonce=self.nonce)}; frame-ancestors 'self'; sandbox allow-scripts"


class AssetsMissing(Unavailable):
    """缺少地图页面的脚本文件，请运行 scripts/setup | The map page's script files are missing: run scripts/setup"""


class RemoteLink(Unavailable):
    """地图页面含有外部链接，拒绝输出 | The map page would load from another host; it is not written"""


def render_page(page: folium.Map, drawn: Coordinates | None = None, *, title: str) -> Page:
    """The whole page as HTML. drawn: coordinates kept out of it so far. title: plain text. Raises AssetsMissing, or RemoteLink if any outside link is left."""
    figure = page.get_root()
    assert isinstance(figure, Figure)
    page.render()  # type: ignore[no-untyped-call]
    children = {
        name: child
        for name, child in figure.header._children.items()
        if not isinstance(child, JavascriptLink | CssLink)
    }
    figure.header._children.clear()
    nonce = secrets.token_urlsafe(16)
    policy = html.escape(PAGE_POLICY.format(nonce=nonce), quote=True)
    figure.header.add_child(
        _inline('<meta charset="utf-8">'), name="charset"
    )  # among the first bytes: no server says it of a file
    figure.header.add_child(_inline(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'), name="policy")
    figure.header.add_child(_inline(f"<title>{safe_text(title)}</title>"), name="title")
    figure.header.add_child(_inline(f"<style>{_style()}</style>"), name="leaflet_css")
    for name, child in children.items():
        figure.header.add_child(child, name=name)
    figure.header.add_child(_inline(f"<style>{css()}{PAGE_STYLE.read_text('utf-8')}</style>"), name="page_css")
    text: str = figure._template.render(this=figure, kwargs={})
    if _REMOTE.search(text):
        raise RemoteLink
    text = _CHARSET.sub("", text)
    text = _with_scripts_inside(text)
    text = text.replace(", maximum-scale=1.0, user-scalable=no", "").replace("<html>", '<html lang="zh-CN">', 1)
    text = _CHINESE.sub(lambda match: match[1] + chr(int(match[2], 16)), text)
    text = text.replace("<script>", f'<script nonce="{nonce}">').replace("<style>", f'<style nonce="{nonce}">')
    if drawn is not None:
        text = drawn.put_back(text)
    wanted = (LEAFLET, JQUERY) if _JQUERY_CALL.search(text) else (LEAFLET,)
    scripts = "".join(f'<script nonce="{nonce}">{_text(script)}</script>' for script in wanted)
    return Page(text.replace("</head>", f"{scripts}</head>", 1), nonce)


def _with_scripts_inside(text: str) -> str:
    """Folium's template writes the scripts of the map after the body, where HTML has no place for them."""
    before, end, scripts = text.partition("</body>")
    return f"{before}{scripts.rpartition('</html>')[0]}{end}\n</html>\n"


def safe_text(value: object) -> str:
    """Text for HTML that is neither run by the browser nor by the template engine.

    Popups and tooltips run what they are given; branca moreover reads everything it rendered as a Jinja template once
    more. So markup characters and braces become entities.
    """
    return html.escape(str(value), quote=True).replace("{", "&#123;").replace("}", "&#125;")


def _inline(text: str) -> Element:
    return Element("{% raw %}" + text + "{% endraw %}")


@cache
def _text(path: Path) -> str:
    try:
        return re.sub(r"//# sourceMappingURL=\S+", "", path.read_text("utf-8"))
    except FileNotFoundError:
        raise AssetsMissing(path.name) from None


@cache
def _style() -> str:
    """Leaflet's style sheet with its images inside, without what only Internet Explorer and picture tiles need and CSS does not know."""
    return _IMAGE.sub(lambda match: f'url("{_data_uri(STYLE.parent / match[2])}")', _NO_CSS.sub("", _text(STYLE)))


def _data_uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()

"""Which base maps of other servers are configured: Tianditu by its key, others in a TOML file. Keys stay on this server."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from database.errors import Missing, Unavailable
from database.installation.settings import Settings

#: w: Web Mercator (EPSG:3857), c: CGCS2000 degrees (EPSG:4490), one tile wide and half a tile high at zoom 0.
Grid = Literal["w", "c"]
#: Tianditu's layers: title, whether it lies over another.
TIANDITU = {"vec": ("天地图矢量", False), "img": ("天地图影像", False), "cva": ("天地图注记", True)}
TIANDITU_ZOOMS = (1, 18)
NAME = r"^[a-z0-9][a-z0-9-]{0,40}$"


class OutsideMapNotFound(Missing):
    """没有配置这个外部底图 | No such outside base map is configured"""


class OutsideMapsUnreadable(Unavailable):
    """外部底图的配置有误 | The configuration of outside base maps is wrong"""


class _Declared(BaseModel):
    """One ``[[map]]`` of the file. url: of an XYZ map a template with {z}, {x} and {y} or {-y}; of WMTS its capabilities."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=1, max_length=40)
    kind: Literal["xyz", "wmts"]
    url: str
    layer: str | None = None
    matrix_set: str | None = None
    key_name: str = "tk"
    key: SecretStr | None = None
    grid: Grid = "w"
    overlay: bool = False
    minzoom: int = Field(0, ge=0, le=22)
    maxzoom: int = Field(18, ge=0, le=22)
    attribution: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> _Declared:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("url: http(s)://…")
        if self.kind == "xyz" and not (
            "{z}" in self.url and "{x}" in self.url and ("{y}" in self.url or "{-y}" in self.url)
        ):
            raise ValueError("url: {z}, {x}, {y}")
        if self.kind == "wmts" and not self.layer:
            raise ValueError("layer")
        return self


@dataclass(frozen=True, slots=True)
class OutsideMap:
    """A base map of another server. template: address of a tile with {z}, {x}, {y} or {-y}; None where ``capabilities`` says it.

    The key is a parameter of every request of this server and of nothing else.
    """

    name: str
    title: str
    grid: Grid
    overlay: bool
    minzoom: int
    maxzoom: int
    attribution: str | None
    host: str
    template: str | None = field(default=None, repr=False)
    capabilities: str | None = field(default=None, repr=False)
    layer: str | None = None
    matrix_set: str | None = None
    key: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def folder(self) -> str:
        """Name of its folder among the kept tiles; another address is another folder."""
        identity = f"{self.template}|{self.capabilities}|{self.layer}|{self.matrix_set}"
        return f"{self.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def read_outside_maps(settings: Settings) -> dict[str, OutsideMap]:
    """The configured base maps by name; none by default. Raises OutsideMapsUnreadable, which quotes no key."""
    found = {one.name: one for one in _tianditu(settings)}
    if settings.outside_maps is not None:
        found |= {one.name: one for one in _declared(settings.outside_maps)}
    return found


def get_outside_map(maps: dict[str, OutsideMap], name: str) -> OutsideMap:
    """The map of that name. Raises OutsideMapNotFound."""
    if name not in maps:
        raise OutsideMapNotFound(name[:60])
    return maps[name]


def _tianditu(settings: Settings) -> list[OutsideMap]:
    if settings.tianditu_key is None or not settings.tianditu_key.get_secret_value():
        return []
    root = settings.tianditu_url.rstrip("/")
    host = urlsplit(root).netloc
    grids: tuple[Grid, ...] = ("w", "c")
    return [
        OutsideMap(
            name=f"tianditu-{layer}" + ("" if grid == "w" else "-c"),
            title=title,
            grid=grid,
            overlay=overlay,
            minzoom=TIANDITU_ZOOMS[0],
            maxzoom=TIANDITU_ZOOMS[1],
            attribution="天地图",
            host=host,
            template=f"{root}/{layer}_{grid}/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
            f"&TILEMATRIXSET={grid}&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}",
            key=("tk", settings.tianditu_key.get_secret_value()),
        )
        for layer, (title, overlay) in TIANDITU.items()
        for grid in grids
    ]


def _declared(file: Path) -> list[OutsideMap]:
    try:
        entries = [_Declared.model_validate(one) for one in tomllib.loads(file.read_text("utf-8")).get("map", [])]
    except ValidationError as error:
        places = ", ".join(
            ".".join(map(str, one["loc"])) or str(one["ctx"]["error"]) for one in error.errors(include_input=False)
        )
        raise OutsideMapsUnreadable(f"{file.name}：{places}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as error:
        raise OutsideMapsUnreadable(f"{file.name}：{type(error).__name__}") from None
    return [
        OutsideMap(
            name=one.name, title=one.title, grid=one.grid, overlay=one.overlay, minzoom=one.minzoom, maxzoom=one.maxzoom,
            attribution=one.attribution, host=urlsplit(one.url).netloc,
            template=one.url if one.kind == "xyz" else None, capabilities=one.url if one.kind == "wmts" else None,
            layer=one.layer, matrix_set=one.matrix_set,
            key=None if one.key is None else (one.key_name, one.key.get_secret_value()),
        )
        for one in entries
    ]  # fmt: skip

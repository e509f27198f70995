"""How a WMTS is requested a tile, from its capabilities (OGC 07-057r7): by its template, else by key and value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as Xml

from layers.outside.sources import Grid

OWS, WMTS, XLINK = (
    "{http://www.opengis.net/ows/1.1}",
    "{http://www.opengis.net/wmts/1.0}",
    "{http://www.w3.org/1999/xlink}",
)
#: Scale at zoom 0, where the equator, or 360 degrees, is one tile of 256 pixels: of .28 mm as OGC has it, of 1/96 inch as Tianditu has.
SCALES_AT_0 = (559_082_264.0287178, 591_658_710.9091312)
IMAGES = ("image/png", "image/jpeg", "image/jpg", "image/webp", "tiles")
SYSTEMS: dict[Grid, tuple[str, ...]] = {"w": ("3857", "900913", "102100"), "c": ("4490", "4326", "CRS84")}


@dataclass(frozen=True, slots=True)
class Tiles:
    """The address of a tile with {TileMatrix}, {TileRow} and {TileCol}; zoom → name of its matrix."""

    template: str
    matrices: dict[int, str]


def read_capabilities(body: bytes, layer: str, matrix_set: str | None, grid: Grid, address: str) -> Tiles | None:
    """How tiles of a layer are requested in a grid; None when the document does not offer them.

    A document that declares entities is none: they are how XML is made to grow or to read files.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return None
    try:
        root = Xml.fromstring(body)  # noqa: S314 - declares no entities
    except Xml.ParseError:
        return None
    found = next((one for one in root.iter(f"{WMTS}Layer") if one.findtext(f"{OWS}Identifier") == layer), None)
    if found is None:
        return None
    linked = [one.findtext(f"{WMTS}TileMatrixSet") or "" for one in found.iter(f"{WMTS}TileMatrixSetLink")]
    for one in root.iter(f"{WMTS}TileMatrixSet"):
        name = one.findtext(f"{OWS}Identifier")
        system = one.findtext(f"{OWS}SupportedCRS") or ""
        fits = any(system.endswith(code) for code in SYSTEMS[grid])
        if name is None or name not in linked or not fits or (matrix_set is not None and name != matrix_set):
            continue
        matrices = dict(_zooms(one))
        if matrices:
            return Tiles(_template(found, layer, name, address), matrices)
    return None


def _zooms(matrix_set: Xml.Element) -> Iterator[tuple[int, str]]:
    for matrix in matrix_set.iter(f"{WMTS}TileMatrix"):
        name, scale = matrix.findtext(f"{OWS}Identifier"), matrix.findtext(f"{WMTS}ScaleDenominator")
        try:
            zooms = [math.log2(at_0 / float(scale or "nan")) for at_0 in SCALES_AT_0]
        except (ValueError, ZeroDivisionError):
            continue
        fitting = [round(zoom) for zoom in zooms if -0.1 < zoom < 25 and abs(zoom - round(zoom)) < 0.01]
        if name is not None and fitting:
            yield fitting[0], name


def _template(layer: Xml.Element, name: str, matrix_set: str, address: str) -> str:
    style = next((one.findtext(f"{OWS}Identifier") for one in layer.iter(f"{WMTS}Style")), None) or "default"
    image = next((one.text for one in layer.iter(f"{WMTS}Format") if one.text in IMAGES), "image/png") or "image/png"
    for resource in layer.iter(f"{WMTS}ResourceURL"):
        if resource.get("resourceType") == "tile" and resource.get("format") in IMAGES and resource.get("template"):
            fixed = {"{TileMatrixSet}": matrix_set, "{Style}": style, "{style}": style}
            template = str(resource.get("template"))
            for slot, value in fixed.items():
                template = template.replace(slot, quote(value, safe=""))
            return template
    parameters = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": name, "STYLE": style, "FORMAT": image,
             "TILEMATRIXSET": matrix_set}  # fmt: skip
    slots = "TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}"
    return f"{address.partition('?')[0]}?{urlencode(parameters)}&{slots}"

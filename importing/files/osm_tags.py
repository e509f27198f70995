"""What the tags of OpenStreetMap mean on the base map: key and value → kind and class of ``layers/base/catalogue.py``.

Lines become roads, railways and waterways; areas become land use, waters and buildings; points, and areas with a use, become
points of interest and place names. Meaning of the tags: wiki.openstreetmap.org/wiki/Map_features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Tags = Mapping[str, str]
#: kind, class
Meaning = tuple[str, str]


def _each(kind: str, key: str, **classes: str) -> dict[tuple[str, str], Meaning]:
    """``class="value value …"`` as key and value → kind and class."""
    return {(key, value): (kind, name) for name, values in classes.items() for value in values.split()}


LINES: dict[tuple[str, str], Meaning] = {
    **_each(
        "roads", "highway",
        expressway="motorway motorway_link",
        main_road="trunk trunk_link primary primary_link secondary secondary_link",
        street="tertiary tertiary_link residential",
        village_road="unclassified road",
        lane="living_street pedestrian service busway",
        path="track footway path steps cycleway bridleway",
    ),
    **_each("railways", "railway", rail="rail narrow_gauge light_rail", metro="subway monorail tram", siding="preserved"),
    **_each("waterways", "waterway", river="river", canal="canal", stream="stream tidal_channel", ditch="ditch drain"),
}  # fmt: skip

AREAS: dict[tuple[str, str], Meaning] = {
    **_each("water", "waterway", river="riverbank"),
    **_each("water", "landuse", reservoir="reservoir", pond="aquaculture", basin="basin"),
    **_each(
        "land_use", "landuse",
        built_up="residential commercial retail", industrial="industrial railway quarry construction", education="education",
        farmland="farmland farmyard greenhouse_horticulture", orchard="orchard vineyard plant_nursery", forest="forest",
        grass="grass meadow village_green", park="recreation_ground", cemetery="cemetery",
    ),
    **_each("land_use", "natural", forest="wood", grass="grassland scrub heath", wetland="wetland mud",
            bare="bare_rock scree sand beach"),
    **_each("land_use", "leisure", park="park garden nature_reserve golf_course pitch"),
    **_each("land_use", "amenity", education="school kindergarten college university", health="hospital", cemetery="grave_yard"),
}  # fmt: skip
#: ``natural=water`` says which by another key.
WATERS = {"river": "river", "canal": "river", "stream": "river", "oxbow": "river", "lake": "lake", "reservoir": "reservoir",
          "pond": "pond", "basin": "basin", "fishpond": "pond", "wastewater": "basin"}  # fmt: skip

#: of the building itself; any other is ``other``
BUILDINGS = {
    value: name
    for name, values in {
        "house": "house apartments residential detached terrace semidetached_house dormitory bungalow farm hut",
        "public": "public civic government school kindergarten university college hospital temple church mosque train_station museum",
        "commercial": "commercial retail office hotel supermarket",
        "industrial": "industrial warehouse factory manufacture",
    }.items()
    for value in values.split()
}

POINTS: dict[tuple[str, str], Meaning] = {
    **_each(
        "points", "amenity",
        government="townhall courthouse community_centre", hospital="hospital clinic doctors", school="school kindergarten college university",
        station="bus_station ferry_terminal", police="police fire_station", market="marketplace", bank="bank",
        culture="library theatre arts_centre cinema", temple="place_of_worship", toilet="toilets",
        other="post_office social_facility fuel restaurant",
    ),
    **_each("points", "office", government="government"),
    **_each("points", "railway", station="station halt"),
    **_each("points", "shop", market="supermarket mall", shop="convenience general department_store"),
    **_each("points", "tourism", culture="museum gallery", other="attraction hotel"),
    **_each("points", "leisure", park="park"),
    **_each("localities", "place", town="city town suburb", village="village", hamlet="hamlet neighbourhood isolated_dwelling"),
    **_each("localities", "natural", peak="peak volcano"),
}  # fmt: skip

#: Objects without any of these keys are not looked at.
KEYS = tuple(sorted({key for key, _ in (*LINES, *AREAS, *POINTS)} | {"building"}))
#: What has no name is no help on a map as a point.
NAMELESS = {("points", "toilet"), ("points", "station")}


def line_meanings(tags: Tags) -> Iterator[Meaning]:
    """What a line is. A line under construction or abandoned is none."""
    if tags.get("area") == "yes":
        return
    for key in ("highway", "railway", "waterway"):
        found = LINES.get((key, tags.get(key, "")))
        if found is not None:
            siding = key == "railway" and tags.get("service") in ("siding", "yard", "spur")
            yield ("railways", "siding") if siding else found


def area_meanings(tags: Tags) -> Iterator[Meaning]:
    """What an area is: a building may stand for itself and, with a name, also for what is in it (``point_meanings``)."""
    building = tags.get("building")
    if building and building != "no":
        yield ("buildings", BUILDINGS.get(building, "other"))
        return
    if tags.get("natural") == "water":
        yield ("water", WATERS.get(tags.get("water", ""), "lake"))
        return
    for key in ("waterway", "landuse", "natural", "leisure", "amenity"):
        found = AREAS.get((key, tags.get(key, "")))
        if found is not None:
            yield found
            return


def point_meanings(tags: Tags) -> Iterator[Meaning]:
    """What a point, or an area in one point, is of interest for: the first that applies."""
    for key in ("place", "railway", "amenity", "office", "shop", "tourism", "leisure", "natural"):
        found = POINTS.get((key, tags.get(key, "")))
        if found is not None and (found in NAMELESS or name_of(tags)):
            yield found
            return


def name_of(tags: Tags) -> str | None:
    """The Chinese name, else the local one."""
    return tags.get("name:zh-Hans") or tags.get("name:zh") or tags.get("name")


def number_of(tags: Tags) -> str | None:
    """The number of a road, the first of several: ``G25;S2`` → G25."""
    return tags.get("ref", "").partition(";")[0].strip() or None


def metres_of(text: str | None) -> str | None:
    """A height in metres, ``12 m`` too; None for feet and anything else."""
    value = (text or "").removesuffix("m").strip()
    return value if value.replace(".", "", 1).isdecimal() and len(value) < 9 else None

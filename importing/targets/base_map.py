"""The base map (底图): roads, railways, waters, land use, buildings, points of interest, contours, place names."""

from __future__ import annotations

from collections.abc import Mapping as Values
from typing import ClassVar

from psycopg import sql

from importing.stage.publishing import Table, compare_rows, insert_rows, update_rows
from importing.stage.stage import Stage
from importing.stage.territory import check_reach
from importing.targets.base import Target, Text
from importing.values.fields import Field, Kind, one_of
from importing.values.reasons import Problem
from layers.base.catalogue import LAYERS

#: What kinds of base features a geometry of this dimension may be.
DIMENSIONS = {"point": 0, "line": 1, "polygon": 2}
#: An area is shown from the zoom at which it covers so many pixels.
SEEN_PIXELS = 12
#: Metres a floor is high, where a file counts floors instead of measuring.
FLOOR_M = 3.0


class BaseMapTarget(Target):
    """Rows become features of the base map: public, without history; ``kind`` and ``class`` as in ``layers/base/catalogue.py``.

    Features that do not touch the county are sent back. ``levels`` (floors) give a height where none was measured. A complete
    file (``snapshot``) takes away the features it lacks.
    """

    name = "base_map"
    fields = (
        Field("kind", Kind.TEXT, required=True, allowed=one_of(*LAYERS)),
        Field(
            "class",
            Kind.TEXT,
            required=True,
            allowed=one_of(*{one.name for layer in LAYERS.values() for one in layer.classes}),
        ),
        Field("name", Kind.TEXT),
        Field("number", Kind.TEXT),
        Field("height_m", Kind.NUMBER),
        Field("levels", Kind.NUMBER),
    )
    geometry = "shape"
    geometry_required = True
    snapshot_possible = True
    table: ClassVar[Table] = Table(
        "base_feature",
        columns=("kind", "class", "name", "number", "height_m", "min_zoom"),
        visible=("kind", "class", "name", "number", "height_m"),
        geometry="outline",
    )

    def begin(self, stage: Stage) -> None:
        """A column for the lowest zoom, and one for the height where the file counts floors only."""
        self.work_columns = [("min_zoom", "smallint")]
        if stage.maps("levels") and not stage.maps("height_m"):
            self.work_columns = [*self.work_columns, ("height_m", "double precision")]

    def stored(self) -> Table:
        """The table of the base map."""
        return self.table

    def may_clear(self, field: Field) -> bool:
        """Names, numbers and heights may be taken away."""
        return field.name in ("name", "number", "height_m")

    def derive(self, values: Values[str, Text], problems: list[Problem]) -> list[Text]:
        """Nothing is added; a class of another kind is a fault of the row."""
        layer = LAYERS.get(values.get("kind") or "")
        known = {one.name for one in layer.classes} if layer is not None else set()
        found = values.get("class")
        if layer is not None and found and found not in known:
            expected = "、".join(sorted(known))
            problems.append(Problem("value_not_allowed", "class", {"value": found, "allowed": expected}))
        return []

    def compare(self, stage: Stage) -> None:
        """By source and key."""
        compare_rows(stage, self.table)

    def resolve(self, stage: Stage) -> None:
        """Inside the county; of the dimension that the kind has; from which zoom it is shown."""
        check_reach(stage)
        classes = [(layer.name, one.name, one.minzoom) for layer in LAYERS.values() for one in layer.classes]
        kinds = [(layer.name, DIMENSIONS[layer.geometry]) for layer in LAYERS.values()]
        stage.reject(
            "wrong_geometry",
            None,
            """
            SELECT s.row_no, jsonb_build_object('found', f.zh, 'expected', e.zh, 'found_en', f.en, 'expected_en', e.en)
            FROM stage_row s JOIN unnest(%(kinds)s::text[], %(dimensions)s::int[]) AS k(kind, dimension) USING (kind)
            JOIN (VALUES (0, '点', 'a point'), (1, '线', 'a line'), (2, '面', 'a polygon')) AS f(dimension, zh, en)
              ON f.dimension = st_dimension(s.geom)
            JOIN (VALUES (0, '点', 'a point'), (1, '线', 'a line'), (2, '面', 'a polygon')) AS e(dimension, zh, en)
              ON e.dimension = k.dimension
            WHERE f.dimension <> k.dimension
            """,
            kinds=[kind for kind, _ in kinds],
            dimensions=[dimension for _, dimension in kinds],
        )
        if stage.maps("levels"):
            height = sql.SQL("coalesce(height_m, levels * {})" if stage.maps("height_m") else "levels * {}").format(
                FLOOR_M
            )
            stage.run("UPDATE stage_row SET height_m = {height}", height=height)
        stage.run(
            """
            UPDATE stage_row s SET grid_code = %(county)s, min_zoom = least(greatest(c.min_zoom, CASE WHEN st_dimension(s.geom) = 2
                THEN ceil(ln(40075016.7 / 512 * sqrt(%(pixels)s)
                     / sqrt(greatest(st_area(st_transform(st_setsrid(s.geom, 4326), 3857)), 1))) / ln(2)) ELSE 0 END), 16)
            FROM unnest(%(kinds)s::text[], %(classes)s::text[], %(zooms)s::int[]) AS c(kind, class, min_zoom)
            WHERE c.kind = s.kind AND c.class = s.class AND s.outcome <> 'unchanged'
            """,
            pixels=SEEN_PIXELS,
            kinds=[kind for kind, _, _ in classes],
            classes=[name for _, name, _ in classes],
            zooms=[zoom for _, _, zoom in classes],
        )

    def publish(self, stage: Stage) -> None:
        """Update and insert. The base map keeps no history: it is nobody's record, and a new edition replaces the old one."""
        update_rows(stage, self.table)
        insert_rows(stage, self.table)
        if stage.mapping.snapshot:
            stage.counts["removed"] = stage.run_in_sets(
                "DELETE FROM base_feature f WHERE f.source = %(source)s AND NOT EXISTS (SELECT FROM stage_reject) "
                "AND NOT EXISTS (SELECT FROM stage_row s WHERE s.source_key = f.source_key)"
            )

"""Codes of rasters (栅格)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class RasterKind(Vocabulary):
    """What a raster shows (栅格种类)."""

    IMAGERY = "imagery", "影像", "imagery"
    DEM = "dem", "高程", "elevation"
    LAND_COVER = "land_cover", "土地覆盖", "land cover"
    POPULATION = "population", "人口格网", "population grid"


class RasterSensitivity(Vocabulary):
    """Who sees the pixels of a raster (可见范围)."""

    PUBLIC = "public", "全县可见", "everybody of the county sees every pixel"
    SCOPED = "scoped", "限本辖区", "only inside one's own area"


class RasterStep(Vocabulary):
    """How far the adding of a raster is (入库步骤)."""

    CHECK = "check", "检查", "checking"
    READ = "read", "通读", "reading"
    VALUES = "values", "存值", "keeping the values"
    TILES = "tiles", "切片", "making the pictures"
    ENTER = "enter", "入库", "entering it"

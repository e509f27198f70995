"""What may be wrong with a raster or with a question about it. The detail says what, where, and how to mend it."""

from __future__ import annotations

from database.errors import Invalid, Missing, Taken, Unavailable


class RasterRefused(Invalid):
    """栅格文件未能入库 | The raster file was refused"""


class RasterUnreadable(RasterRefused):
    """栅格文件读不出来，或已损坏 | The raster file cannot be read, or is damaged"""


class RasterEnded(RasterRefused):
    """读取栅格时中断，没有入库 | Reading the raster broke off; nothing was added"""


class RasterNotReferenced(RasterRefused):
    """栅格文件没有坐标系或地理配准 | The raster has no coordinate reference system or no georeference"""


class RasterOutsideCounty(RasterRefused):
    """栅格不在本县范围内 | The raster lies outside the county"""


class RasterTooLarge(RasterRefused):
    """栅格文件太大 | The raster is too large"""


class RasterNameInvalid(RasterRefused):
    """栅格名称不合规则 | Not a name for a raster"""


class RasterNameTaken(Taken):
    """已有同名栅格 | There is a raster of this name"""


class RasterNotFound(Missing):
    """没有这个栅格 | No such raster"""


class RasterFileMissing(Unavailable):
    """栅格文件不在存放目录里 | The file of the raster is missing"""


class RasterTileOutOfRange(Missing):
    """瓦片编号超出范围 | No such tile: zoom, column or row out of range"""


class StyleNotPossible(Invalid):
    """这种栅格不能这样显示 | This raster cannot be drawn like that"""


class PointNotVisible(Missing):
    """该点不在栅格或您的数据范围内 | The point lies outside the raster or outside your scope"""


class NoElevationModel(Taken):
    """本县还没有高程数据 | The county has no elevation model yet"""

"""What the four kinds of raster are, and what follows from it: resampling, sensitivity, unit."""

from __future__ import annotations

from dataclasses import dataclass

from layers.raster.vocabulary import RasterKind, RasterSensitivity


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of raster.

    sensitivity: by default. 'public': everybody of the county sees every pixel; 'scoped': pixels outside the user's own
    divisions and cells are left out. warp, overview: GDAL resampling when the grid changes, and for the pyramid.
    single_band: exactly one band counts. unit: when nobody names one. plausible: lowest and highest value that can be.
    """

    name: RasterKind
    sensitivity: RasterSensitivity
    warp: str
    overview: str
    single_band: bool
    unit: str | None
    plausible: tuple[float, float]

    @property
    def title(self) -> str:
        """The kind in Chinese."""
        return self.name.zh


KINDS: dict[str, Kind] = {
    str(kind.name): kind
    for kind in (
        Kind(RasterKind.IMAGERY, RasterSensitivity.PUBLIC, "bilinear", "average", False, None, (-1e30, 1e30)),
        Kind(RasterKind.DEM, RasterSensitivity.PUBLIC, "bilinear", "average", True, "m", (-500.0, 9000.0)),
        Kind(RasterKind.LAND_COVER, RasterSensitivity.PUBLIC, "nearest", "nearest", True, None, (0.0, 32766.0)),
        # a count keeps its total when the grid changes; a density (unit with a slash) is averaged
        Kind(RasterKind.POPULATION, RasterSensitivity.SCOPED, "sum", "average", True, "persons", (0.0, 1e7)),
    )
}  # fmt: skip


def warp_resampling(kind: Kind, unit: str | None) -> str:
    """How values move to another grid: a density is no count, its total means nothing."""
    return "average" if kind.name == "population" and unit is not None and "/" in unit else kind.warp

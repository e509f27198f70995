"""The tables of every floor in one place; importing this module is what makes the metadata complete."""

from access import models as access_models
from database.base import CountyBase
from gazetteer import models as gazetteer_models
from gazetteer import plate_models
from gazetteer.corrections import models as correction_models
from gazetteer.lifecycle import models as lifecycle_models
from gazetteer.quality import models as quality_models
from grid import models as grid_models
from layers import models as layers_models
from layers import place_code_models
from layers.bulk_match import models as match_models
from layers.raster import models as raster_models
from layers.tiles import models as tile_models

FLOORS = (
    access_models,
    gazetteer_models,
    plate_models,
    correction_models,
    lifecycle_models,
    quality_models,
    grid_models,
    layers_models,
    place_code_models,
    match_models,
    raster_models,
    tile_models,
)
COUNTY_METADATA = CountyBase.metadata

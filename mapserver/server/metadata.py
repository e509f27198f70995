"""The tables, kinds of record and SQL functions of every floor in one place; importing this module is what makes them complete."""

from access.audit import models as audit_models
from access.audit import platform_models as access_models
from alerts import kind as alert_kind
from alerts import models as alert_models
from database.tables.base import CountyBase
from gazetteer.corrections import models as correction_models
from gazetteer.library import models as gazetteer_models
from gazetteer.library import touches as gazetteer_touches
from gazetteer.lifecycle import models as lifecycle_models
from gazetteer.plates import models as plate_models
from gazetteer.quality import models as quality_models
from grid import models as grid_models
from importing import models as import_models
from importing.bulk_match import models as match_models
from layers.base import models as base_models
from layers.catalogue.registry import KINDS
from layers.changes import models as change_models
from layers.events import models as event_models
from layers.facilities import models as facility_models
from layers.features import functions as feature_functions
from layers.people import models as people_models
from layers.places import models as place_models
from layers.places import place_code_models
from layers.raster import models as raster_models
from layers.tiles import functions as tile_functions
from layers.tiles import models as tile_models
from layers.visits import models as visit_models

FLOORS = (
    access_models,
    audit_models,
    gazetteer_models,
    gazetteer_touches,
    plate_models,
    correction_models,
    lifecycle_models,
    quality_models,
    grid_models,
    people_models,
    place_models,
    place_code_models,
    event_models,
    facility_models,
    base_models,
    visit_models,
    change_models,
    raster_models,
    tile_models,
    import_models,
    match_models,
    alert_models,
    alert_kind,
    tile_functions,
    feature_functions,
)
#: The kinds that the layers declare themselves bring their tables with them.
KINDS_OF_RECORD = tuple(KINDS)
COUNTY_METADATA = CountyBase.metadata

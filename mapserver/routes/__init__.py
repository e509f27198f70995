"""Every router of the application, in the order of the OpenAPI document."""

from mapserver.routes import (
    address_codes,
    address_lifecycle,
    address_matching,
    address_texts,
    addresses,
    alerts,
    changes,
    corrections,
    households,
    imports,
    maps,
    overview,
    persons,
    place_codes,
    public_codes,
    quality,
    raster_tiles,
    rasters,
    session,
    tiles,
    workers,
)

ROUTERS = [
    module.router
    for module in (
        session,
        overview,
        address_texts,
        address_matching,
        address_lifecycle,
        addresses,
        corrections,
        address_codes,
        place_codes,
        public_codes,
        quality,
        households,
        persons,
        alerts,
        workers,
        imports,
        changes,
        tiles,
        raster_tiles,
        rasters,
        maps,
    )
]

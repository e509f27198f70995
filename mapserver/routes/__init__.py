"""Every router of the application, in the order of the OpenAPI document."""

from mapserver.routes import (
    address_codes,
    address_lifecycle,
    address_texts,
    addresses,
    alerts,
    changes,
    corrections,
    households,
    imports,
    maps,
    ogc,
    ogc_edit,
    ogc_items,
    ogc_tiles,
    overview,
    persons,
    place_codes,
    public_codes,
    quality,
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
        maps,
        ogc,
        ogc_items,
        ogc_edit,
        ogc_tiles,
    )
]

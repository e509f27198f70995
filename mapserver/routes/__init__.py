"""Every router of the application, in the order of the OpenAPI document."""

from mapserver.routes import (
    address_texts,
    addresses,
    alerts,
    changes,
    households,
    imports,
    maps,
    overview,
    persons,
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
        addresses,
        households,
        persons,
        alerts,
        workers,
        imports,
        changes,
        tiles,
        maps,
    )
]

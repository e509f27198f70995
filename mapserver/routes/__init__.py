"""Every router of the application, in the order of the OpenAPI document."""

from mapserver.routes import (
    addresses,
    alerts,
    changes,
    households,
    imports,
    maps,
    overview,
    persons,
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
        addresses,
        quality,
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

"""Every router of the application, in the order of the OpenAPI document."""

from mapserver.routes import session

ROUTERS = [session.router]

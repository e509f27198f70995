"""Who asks, as far as the network knows: the address of the request under way, for the audit trail and for limits."""

from __future__ import annotations

from contextvars import ContextVar

#: The network address of the asker; None in commands and jobs. Set once a request by the map server's outermost layer.
ASKER_ADDRESS: ContextVar[str | None] = ContextVar("onemap_asker_address", default=None)


def asker_address() -> str | None:
    """The network address of the request under way; None in commands and jobs."""
    return ASKER_ADDRESS.get()

"""Before everything else: where a request comes from, which host it names, and that its head has a decent size.

Links in answers are made from the host in the ASGI scope. It is set here: to the configured public address, or else to
the address the request arrived at; what a client writes into its Host header reaches no link.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.types import Scope

from access.audit.asker import ASKER_ADDRESS
from database.errors import Malformed
from database.installation.settings import Settings

#: Largest head of a request, and largest path with its query, in bytes. Nothing we serve asks for more.
MOST_HEADER_BYTES = 32_768
MOST_URL_BYTES = 100_000
MOST_HOST_BYTES = 300
_MOST_HOPS = 20
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class UnknownHost(Malformed):
    """请求的主机名不是本系统的地址 | The host of the request is not this system's address"""


class HeadTooLarge(Malformed):
    """请求头过大 | The head of the request is too large"""

    status = 431


class UrlTooLong(Malformed):
    """网址过长 | The address of the request is too long"""

    status = 414


class Entrance:
    """Looks at the head of a request; keeps what it found about hosts."""

    def __init__(self, settings: Settings) -> None:
        public = urlsplit(settings.public_url) if settings.public_url else None
        self._public = None if public is None else (public.scheme, public.netloc.encode(), public.hostname)
        self._proxies = settings.trusted_proxies
        self._hosts: dict[tuple[bytes, str, int], bytes | None] = {}

    def pass_in(self, scope: Scope) -> None:
        """Set the asker's address and the host for links. Raises UnknownHost, HeadTooLarge, UrlTooLong."""
        if len(scope["path"]) + len(scope["query_string"]) > MOST_URL_BYTES:
            raise UrlTooLong(f"上限 {MOST_URL_BYTES:,} 字节 / the limit is {MOST_URL_BYTES:,} bytes")
        size, hosts, host, forwarded = 0, 0, b"", b""
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"host":
                hosts, host = hosts + 1, value
            elif name == b"x-forwarded-for":
                forwarded = forwarded + b"," + value if forwarded else value
        if size > MOST_HEADER_BYTES:
            raise HeadTooLarge(f"上限 {MOST_HEADER_BYTES:,} 字节 / the limit is {MOST_HEADER_BYTES:,} bytes")
        client = scope.get("client")
        address = None if client is None else client[0]
        if forwarded and address is not None and self._trusted(address):
            address = self._forwarded(forwarded, address)
        ASKER_ADDRESS.set(address)
        server = scope.get("server") or ("127.0.0.1", 0)
        key = (host[:MOST_HOST_BYTES], server[0], server[1] or 0)
        if key not in self._hosts:
            if len(self._hosts) > 1000:
                self._hosts.clear()
            self._hosts[key] = self._host(*key)
        shown = self._hosts[key]
        if shown is None or hosts > 1 or len(host) > MOST_HOST_BYTES:
            raise UnknownHost(
                f"请使用 {self._public_url()} / use {self._public_url()}" if self._public else "一个 Host / one Host"
            )
        if shown != host:
            scope["headers"] = [*((n, v) for n, v in scope["headers"] if n != b"host"), (b"host", shown)]
        if self._public is not None and shown == self._public[1]:
            scope["scheme"] = self._public[0]

    def _public_url(self) -> str:
        assert self._public is not None
        return f"{self._public[0]}://{self._public[1].decode()}"

    def _host(self, host: bytes, server: str, port: int) -> bytes | None:
        """The host for links; None for one that is not ours."""
        name = _name_of(host)
        if name in _LOCAL_NAMES:
            return host.lower()
        if self._public is not None:
            arrived = name == server and _is_address(server)  # the server's own address, for those who look after it
            return self._public[1] if name == self._public[2] or not host or arrived else None
        if name == server:
            return host.lower()
        shown = f"[{server}]" if ":" in server else server
        return (shown if port in (0, 80) else f"{shown}:{port}").encode()

    def _trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies)

    def _forwarded(self, forwarded: bytes, address: str) -> str:
        """The last address of the chain that is not a proxy of ours; what stands left of it anybody may have written."""
        for part in reversed(forwarded.decode("latin-1").split(",")[-_MOST_HOPS:]):
            hop = part.strip().strip("[]")
            if not _is_address(hop):
                return address
            if not self._trusted(hop):
                return hop
            address = hop
        return address


def _name_of(host: bytes) -> str:
    """The host without its port, lower case; empty for what is no host."""
    try:
        return urlsplit(f"//{host.decode('ascii')}").hostname or ""
    except ValueError:
        return ""


def _is_address(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return "/" not in text

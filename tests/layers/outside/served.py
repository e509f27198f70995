"""A map server of the tests: XYZ, Tianditu's address, and a WMTS with capabilities; it writes down what is requested."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
CAPABILITIES = """<?xml version="1.0"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1"
    xmlns:xlink="http://www.w3.org/1999/xlink"><Contents>
<Layer><ows:Identifier>img</ows:Identifier><Style isDefault="true"><ows:Identifier>plain</ows:Identifier></Style>
<Format>image/png</Format><TileMatrixSetLink><TileMatrixSet>degrees</TileMatrixSet></TileMatrixSetLink>
<TileMatrixSetLink><TileMatrixSet>mercator</TileMatrixSet></TileMatrixSetLink>
<ResourceURL format="image/png" resourceType="tile" template="{template}"/></Layer>
<TileMatrixSet><ows:Identifier>degrees</ows:Identifier><ows:SupportedCRS>urn:ogc:def:crs:EPSG::4490</ows:SupportedCRS>
<TileMatrix><ows:Identifier>1</ows:Identifier><ScaleDenominator>295829355.4545</ScaleDenominator></TileMatrix></TileMatrixSet>
<TileMatrixSet><ows:Identifier>mercator</ows:Identifier><ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>
<TileMatrix><ows:Identifier>L05</ows:Identifier><ScaleDenominator>17471320.750897426</ScaleDenominator></TileMatrix>
</TileMatrixSet></Contents></Capabilities>"""


class Served(ThreadingHTTPServer):
    """requests: every path. answers: path without its query → status, media type, body; anything else is a tile."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[str] = []
        self.answers: dict[str, tuple[int, str, bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        status, media, body = self.server.answers.get(self.path.partition("?")[0], (200, "image/png", PNG))
        self.send_response(status)
        self.send_header("Content-Type", media)
        if status == 302:
            self.send_header("Location", f"{self.server.url}/secret")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Served]:
    """A running server."""
    with Served() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()

"""Paths that pretend to be others: dots, double encodings, other counties, files of the server, tiles that are not."""

from __future__ import annotations

from benchmarks.attack.judge import CROSSED, TRUSTED
from benchmarks.attack.targeted.ring import Ring
from benchmarks.attack.world import HOME, SCRATCH

NAME = "paths"
FOREIGN_COUNTY = (
    f"/api/{HOME}/../{SCRATCH}/alerts", f"/api/{HOME}/%2e%2e/{SCRATCH}/alerts", f"/api/{HOME}%2f..%2f{SCRATCH}/alerts", f"/api//{SCRATCH}/alerts",
    f"/api/{HOME};{SCRATCH}/alerts", f"/api/{HOME},{SCRATCH}/alerts", f"/api/{SCRATCH}%00/alerts", f"/api/{SCRATCH}%0a/alerts",
    f"/api/%33%33{SCRATCH[2:]}/alerts", f"/API/{SCRATCH}/alerts", f"/api/{SCRATCH}/alerts/", f"/api/{SCRATCH}/alerts%20", f"/./api/{SCRATCH}/alerts",
    f"/tiles/{SCRATCH}/persons/14/13650/6750.mvt", f"/tiles/{HOME}/../{SCRATCH}/persons/14/13650/6750.mvt", f"/maps/{SCRATCH}/alerts",
    f"/ogc/{SCRATCH}/collections/persons/items", f"/ogc/{HOME}/collections/..%2f..%2f{SCRATCH}%2fcollections%2fpersons/items",
    f"/api/{HOME}/alerts?county={SCRATCH}", f"/api/{HOME}/alerts?county={HOME}&county={SCRATCH}", f"/api/c{SCRATCH}/alerts", "/api/platform/alerts",
)  # fmt: skip
FILES = (
    "/../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e%252fetc%252fpasswd", "/assets/../../secrets.json",
    "/assets/..%2f..%2fsecrets.json", "/assets/%2e%2e/%2e%2e/pyproject.toml", "/..%5c..%5csecrets.json", "/%c0%ae%c0%ae/etc/passwd", "//etc/passwd",
    "/assets//etc/passwd", "/.onemap/secrets.json", "/secrets.json", "/style/fonts/..%2f..%2f/0-255.pbf", "/style/sprites/..%2f..%2fx.json",
    f"/tiles/{HOME}/raster/..%2fdem.json", f"/api/{HOME}/rasters/..%2f..%2fsecrets/point?lon=1&lat=1", f"/tiles/{HOME}/style/..%2flight.json",
    "/p/..%2f..%2fetc%2fpasswd", "/index.html%00.png", "/assets/%00", "/" + "a/" * 2_000, "/" + "%2e%2e%2f" * 500, "/" + "x" * 30_000,
)  # fmt: skip
SECRETS = ("root:x:0", "superuser_password", "data_key", "[build-system]")
TILES = ("-1/0/0", "0/-1/0", "0/0/-1", "19/0/0", "99/0/0", "14/16384/0", "14/0/16384", "1e1/0/0", "14.0/1/1", "2147483648/0/0",
         "14/99999999999999999999/1", "%20/0/0", "0x1/0/0", "１/0/0", "NaN/0/0")  # fmt: skip


def run(ring: Ring) -> None:
    """By a stranger, a grid worker and an administrator of the first county."""
    askers = [ring.asker(name) for name in ("stranger", "h_worker", "h_county_admin")]
    for path in ring.some(FOREIGN_COUNTY):
        for asker in askers:
            answer = ring.send(NAME, asker, "GET", path)
            if (
                answer.status == 200
                and b'"alerts"' in answer.body
                and SCRATCH.encode() in answer.body
                and f"/{HOME}/" not in path
            ):
                ring.found(CROSSED, "alerts of the other county")
    for path in ring.some(FILES):
        for asker in askers[:2]:
            answer = ring.send(NAME, asker, "GET", path)
            if any(secret.encode() in answer.body for secret in SECRETS):
                ring.found(TRUSTED, "a file of the server")
    for tile in ring.some(TILES):
        for form in (f"/tiles/{HOME}/persons,alerts/{tile}.mvt", f"/tiles/{HOME}/raster/dem/{tile}.png",
                     f"/ogc/{HOME}/tiles/WebMercatorQuad/{tile}", f"/ogc/{HOME}/collections/persons/tiles/CGCS2000Quad/{tile}"):  # fmt: skip
            ring.send(NAME, askers[1], "GET", form)

"""Is the detector blind? Planted leaks: a grid worker's name over the administrator's cookie. Each kind of answer must be caught."""

from __future__ import annotations

from benchmarks.attack.client import Client, Request
from benchmarks.attack.judge import BARE, FOREIGN, Judge
from benchmarks.attack.world import HOME, Asker, World

#: Path of the OpenAPI, what to ask, and how the answer is read.
LEAKS = (
    ("/api/{county}/alerts", "/api/{county}/alerts?limit=200", "json"),
    ("/api/{county}/changes", "/api/{county}/changes?limit=200", "json"),
    ("/ogc/{county}/collections/{name}/items", "/ogc/{county}/collections/persons/items?limit=500", "json"),
    ("/tiles/{county}/{layers}/{z}/{x}/{y}.mvt", "/tiles/{county}/persons,addresses/{tile}.mvt", "tile"),
    ("/maps/{county}/alerts", "/maps/{county}/alerts", "text"),
    ("/api/{county}/imports/{batch_id}/rejects.xlsx", "/api/{county}/imports/{batch}/rejects.xlsx", "workbook"),
)


class Blind(Exception):
    """A planted leak was not seen."""


def prove_sight(world: World, client: Client, tile: tuple[int, int, int], batch: int) -> dict[str, int]:
    """Plant a leak of every kind; returns findings by path. Raises Blind when one is not seen."""
    worker, admin, importer = (_asker(world, name) for name in ("h_worker", "h_county_admin", "h_gis_staff"))
    seen = {}
    for of, form, kind in LEAKS:
        path = form.replace("{county}", HOME).replace("{tile}", "/".join(map(str, tile))).replace("{batch}", str(batch))
        sender = importer if kind == "workbook" else admin
        request = Request(f"GET {of}", "GET", path, sender.headers, asker="planted")
        judge = Judge(world)  # its findings are not those of the attack
        answer = client.send(request)
        found = [f for f in judge.look(request, answer, worker, of) if f.kind == FOREIGN]
        if judge.tally.kinds[kind] != 1 or not found:
            raise Blind(
                f"{path} → {answer.status}, read as {dict(judge.tally.kinds)}, {len(found)} findings; {answer.body[:200]!r}"
            )
        if judge.look(request, answer, _asker(world, "h_county_admin"), of):
            raise Blind(f"{path}: the administrator's own rows are taken for foreign ones")
        seen[of] = len(found)
    return seen | {BARE: _bare(world)}


def _bare(world: World) -> int:
    numbers = sum(len(part.numbers) for part in world.oracle.parts.values())
    if numbers < 100:
        raise Blind("no whole numbers are known, so none could be found in an answer")
    return numbers


def _asker(world: World, name: str) -> Asker:
    return next(a for a in world.askers if a.name == name and a.by_cookie)

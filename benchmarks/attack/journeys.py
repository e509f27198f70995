"""Honest use of every endpoint that changes something, once in each county: so that lists, queues and logs hold something to
steal, and so that an attack on an endpoint that refuses everybody does not pass for a success.

A journey that stops is told and does no harm: the endpoints it did not reach stand in the report as never answered.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import text

from benchmarks.attack.client import Answer, Client, Request
from benchmarks.attack.credentials import create_account
from benchmarks.attack.judge import Judge
from benchmarks.attack.world import Asker, World
from database.rights.scope import Role

WAIT_S = 20.0
REASON = {"reason": "现场核实无误"}


class Stopped(Exception):
    """A journey cannot go on: an answer was not what honest use expects."""


class Traveller:
    """One county's honest accounts and their requests."""

    def __init__(self, world: World, client: Client, judge: Judge, county: str) -> None:
        self.world, self.client, self.judge, self.county = world, client, judge, county
        mark = "h" if county == min(a.county for a in world.askers) else "s"
        self.of = {a.name.removeprefix(f"{mark}_"): a for a in world.askers if a.county == county and a.by_cookie}

    def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: str = "",
        headers: Any = (),
        media: str = "",
        **names: Any,
    ) -> Answer:
        """Send one request and count it. names: of the path; body: JSON, or bytes with their media type."""
        asker = self.of[who]
        real = path
        for name, value in {"county": self.county, **names}.items():
            real = real.replace(f"{{{name}}}", str(value))
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = [*asker.headers, *headers]
        if method != "GET":
            given.append(("X-Onemap-Request", "1"))
        if sent:
            given.append(("Content-Type", media or "application/json"))
        request = Request(f"{method} {path}", method, real + query, given, sent, f"{asker.name} ({asker.role})")
        answer = self.client.send(request)
        self.judge.count(request, answer)
        return answer

    def json(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The same, and the JSON of a 2xx. Raises Stopped for anything else."""
        answer = self.ask(who, method, path, body, **more)
        if answer.status // 100 != 2:
            raise Stopped(f"{method} {path} → {answer.status} {answer.body[:300].decode(errors='replace')}")
        return json.loads(answer.body) if answer.body else None

    def until(self, found: Callable[[], Any]) -> Any:
        """What a background job brings about. Raises Stopped when it does not."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if value := found():
                return value
            time.sleep(0.3)
        raise Stopped("a background job did not finish")

    def rows(self, sql: str) -> list[Any]:
        """Rows of the county, by its owner."""
        with self.world.owner.connect() as connection:
            return list(connection.execute(text(sql.format(s=f"c{self.county}"))))


def travel(world: World, client: Client, judge: Judge, county: str) -> None:
    """Every journey in one county."""
    traveller = Traveller(world, client, judge, county)
    # both are asked for before anything else: they run in the background meanwhile
    for path in ("/api/{county}/quality/run", "/api/{county}/corrections/collect"):
        traveller.ask("gis_staff", "POST", path)
    for journey in JOURNEYS:
        try:
            journey(traveller)
        except (Stopped, KeyError, IndexError, TypeError, ValueError) as stop:
            print(f"  journey {journey.__name__} in {county} stopped: {type(stop).__name__} {stop}", flush=True)


def signs_in(t: Traveller) -> None:
    """Sign in with a password and out again."""
    name, password = f"guest-{t.county}", secrets.token_urlsafe(18)
    with t.world.database.platform() as connection:
        create_account(
            connection, username=name, display_name=name, password=password, role=Role.AUDITOR, county=t.county,
            prefixes=(t.county,), settings=t.world.settings,
        )  # fmt: skip
    t.of["guest"] = Asker(name, "auditor", t.county, (t.county,))
    answer = t.ask("guest", "POST", "/api/session", {"username": name, "password": password})
    t.of["guest"].headers = [("Cookie", answer.headers["set-cookie"].partition(";")[0])]
    t.ask("guest", "DELETE", "/api/session")


def visits_and_looks(t: Traveller) -> None:
    """A grid worker's day: search, file, reveal, visit, alert."""
    worker = t.of["worker"]
    cell = worker.prefixes[0]
    person = t.rows(f"SELECT p.id, p.name, m.household_id FROM {{s}}.person p JOIN {{s}}.household_member m ON m.person_id = p.id "
                    f"JOIN {{s}}.household h ON h.id = m.household_id WHERE p.grid_code ^@ '{cell}' AND h.grid_code ^@ '{cell}' "
                    "AND p.phone_masked IS NOT NULL ORDER BY p.id LIMIT 1")[0]  # fmt: skip
    t.json("worker", "POST", "/api/{county}/persons/search", {"name": person.name})
    texts = [
        row.full_text
        for row in t.rows(f"SELECT full_text FROM {{s}}.standard_address WHERE grid_code ^@ '{cell}' LIMIT 2")
    ]
    t.json("worker", "POST", "/api/{county}/addresses/compare", {"pairs": [{"a": texts[0], "b": texts[-1]}]})
    t.json(
        "worker",
        "POST",
        "/api/{county}/persons/{person_id}/reveal",
        {"field": "phone", "purpose": "上门核实联系"},
        person_id=person.id,
    )
    visit = {
        "client_uid": str(uuid.uuid4()),
        "visited_at": f"{date.today()}T00:01:00+08:00",
        "outcome": "met",
        "note": "老人身体良好",
    }
    t.json("worker", "POST", "/api/{county}/households/{household_id}/visits", visit, household_id=person.household_id)
    alert = t.json("worker", "GET", "/api/{county}/alerts")["items"][0]
    if alert["status"] == "open":
        t.json("worker", "POST", "/api/{county}/alerts/{alert_id}/transitions",
               {"action": "acknowledge", "version": alert["version"]}, alert_id=alert["id"])  # fmt: skip


def files(t: Traveller) -> None:
    """A department file checked, and a file of texts matched."""
    folder = t.world.settings.home / "attack" / t.county
    table = (folder / "12345_工单.csv").read_bytes().splitlines(keepends=True)
    body, media = form({"mapping": "demo_events"}, "工单.csv", b"".join(table[:20]))
    one, open_states = "/api/{county}/imports/{batch_id}", ("waiting", "staged")
    checked = t.json("gis_staff", "POST", "/api/{county}/imports", body, media=media)["id"]
    t.until(lambda: t.json("gis_staff", "GET", one, batch_id=checked)["state"] not in open_states)
    ended = t.json("gis_staff", "POST", "/api/{county}/imports", body, media=media)["id"]
    t.ask("gis_staff", "POST", one + "/cancel", batch_id=ended)
    t.until(lambda: t.json("gis_staff", "GET", one, batch_id=ended)["state"] not in open_states)
    texts = [row.full_text for row in t.rows("SELECT full_text FROM {s}.standard_address ORDER BY id LIMIT 30")]
    body, media = form({"column": "地址"}, "登记.csv", "\n".join(["地址", *texts]).encode())
    kept, gone = (
        t.json("gis_staff", "POST", "/api/{county}/addresses/match-jobs", body, media=media)["id"] for _ in range(2)
    )
    one = "/api/{county}/addresses/match-jobs/{job_id}"
    t.until(lambda: t.json("gis_staff", "GET", one, job_id=kept)["state"] == "done")
    t.ask("gis_staff", "GET", one + "/result", job_id=kept)
    t.ask("gis_staff", "DELETE", one, job_id=gone)


def codes(t: Traveller) -> None:
    """A door plate and a place code issued, issued again, revoked; a service point."""
    address = t.rows("SELECT a.id FROM {s}.standard_address a WHERE status = 'published' AND number_plate IS NOT NULL AND NOT EXISTS "
                     "(SELECT FROM {s}.plate_token p WHERE p.address_id = a.id) ORDER BY id LIMIT 1")[0].id  # fmt: skip
    place = t.rows("SELECT id FROM {s}.place p WHERE kind IN ('unit', 'premises') AND NOT EXISTS "
                   "(SELECT FROM {s}.place_code c WHERE c.place_id = p.id) ORDER BY id LIMIT 1")[0].id  # fmt: skip
    for path, names in (
        ("/api/{county}/addresses/{address_id}/plate", {"address_id": address}),
        ("/api/{county}/places/{place_id}/code", {"place_id": place}),
    ):
        t.json("gis_staff", "POST", path, **names)
        t.json("gis_staff", "POST", f"{path}/reissue", REASON, **names)
        t.json("gis_staff", "POST", f"{path}/revoke", REASON, **names)
    village = t.of["village"].prefixes[0]
    point = {"name": "便民服务站", "phone": "0572-8000001"}
    t.json("gis_staff", "PUT", "/api/{county}/divisions/{code}/service-point", point, code=village)
    t.ask("gis_staff", "POST", "/api/{county}/plates", {"scope": village})


def change_sets(t: Traveller) -> None:
    """A road renamed by one, approved by another, published, and taken back; a second set left as a draft."""
    road = t.rows("SELECT road, town, left(division_code, 9) AS town_code FROM {s}.standard_address WHERE road IS NOT NULL AND status = "
                  "'published' GROUP BY 1, 2, 3 ORDER BY count(*), road LIMIT 1")[0]  # fmt: skip
    item = {"kind": "rename_road", "division_code": road.town_code, "old": road.road, "new": "新" + road.road}
    new = {"title": "道路更名", "reason": "县政府批复", "effective_on": date.today().isoformat(), "items": [item]}
    sets = "/api/{county}/address-change-sets"
    t.json("gis_staff", "POST", sets, new)
    made = t.json("gis_staff", "POST", sets, new)["id"]
    one = sets + "/{set_id}"
    t.json("gis_staff", "GET", one + "/preview", set_id=made)
    t.json("gis_staff", "GET", one + "/preview.geojson", set_id=made)
    for who, action in (("gis_staff", "submit"), ("county_admin", "approve"), ("gis_staff", "publish")):
        t.json(who, "POST", one + "/steps", {"action": action}, set_id=made)
    operation = t.json("gis_staff", "GET", one, set_id=made)["items"][0]["operation_id"]
    t.json(
        "gis_staff", "POST", "/api/{county}/address-operations/{operation_id}/rollback", REASON, operation_id=operation
    )


def corrections(t: Traveller) -> None:
    """A row of the queue decided, those alike too, and taken back; a review decided."""
    queue = "/api/{county}/corrections"
    row = t.until(lambda: t.json("gis_staff", "GET", queue + "/next")["correction"])
    dismiss = {"action": "reject" if row["kind"] == "review" else "dismiss", "note": "无法判断"}
    batch = t.json("gis_staff", "POST", queue + "/{correction_id}/decide", dismiss, correction_id=row["id"])["batch_id"]
    t.json("gis_staff", "POST", queue + "/{correction_id}/apply-alike", {"note": "同上"}, correction_id=row["id"])
    newest = t.json("gis_staff", "GET", queue + "/batches")["items"][0]["id"]
    t.json("gis_staff", "POST", queue + "/batches/{batch_id}/undo", batch_id=newest)
    if newest != batch:
        t.json("gis_staff", "POST", queue + "/batches/{batch_id}/undo", batch_id=batch)
    review = t.json("gis_staff", "GET", "/api/{county}/reviews")["items"][0]["id"]
    t.json("gis_staff", "POST", "/api/{county}/reviews/{review_id}/decision", {"accept": True}, review_id=review)


def quality(t: Traveller) -> None:
    """A run of the rules, a finding ignored, a rule's findings mended and the mending taken back."""
    state = t.until(lambda: (q := t.json("gis_staff", "GET", "/api/{county}/quality"))["last_run"] and q)
    finding = t.json("gis_staff", "GET", "/api/{county}/quality/findings")["items"][0]["id"]
    t.json("gis_staff", "POST", "/api/{county}/quality/findings/{finding_id}/ignore", REASON, finding_id=finding)
    fixed = None
    for rule in [r["name"] for r in state["rules"] if r["fixable"] and r["open_n"]]:
        done = t.json(
            "gis_staff", "POST", "/api/{county}/quality/rules/{rule}/fix", {"dry_run": False, **REASON}, rule=rule
        )
        fixed = fixed or done["fix_id"]
    if fixed is None:  # nothing to mend in so small a county: the fix of a rule without findings, as a trial
        rule = next(r["name"] for r in state["rules"] if r["fixable"])
        t.json("gis_staff", "POST", "/api/{county}/quality/rules/{rule}/fix", {"dry_run": True}, rule=rule)
        raise Stopped("no finding that can be mended")
    t.json("gis_staff", "POST", "/api/{county}/quality/fixes/{fix_id}/revert", fix_id=fixed)


def features(t: Traveller) -> None:
    """An address made, changed, replaced and ended through OGC API - Features."""
    items, item = "/ogc/{county}/collections/{name}/items", "/ogc/{county}/collections/{name}/items/{feature_id}"
    known = t.rows("SELECT full_text, number_plate, st_x(geom) AS x, st_y(geom) AS y FROM {s}.standard_address WHERE depth = 8 AND "
                   "geom IS NOT NULL AND status = 'published' AND number_plate IS NOT NULL ORDER BY id LIMIT 1")[0]  # fmt: skip
    fresh = known.full_text.replace(known.number_plate, "9871号")
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [known.x, known.y]},
        "properties": {"text": fresh},
    }
    geojson = "application/geo+json"
    made = t.json("gis_staff", "POST", items, feature, media=geojson, name="addresses")["id"]
    at = {"name": "addresses", "feature_id": made}

    def tag() -> list[tuple[str, str]]:
        return [("If-Match", t.ask("gis_staff", "GET", item, **at).headers["etag"])]

    change = {"properties": {"text": fresh.replace("9871号", "9872号")}}
    t.json("gis_staff", "PATCH", item, change, media="application/merge-patch+json", headers=tag(), **at)
    t.json("gis_staff", "PUT", item, feature, media=geojson, headers=tag(), **at)
    t.json("gis_staff", "DELETE", item, headers=tag(), **at)


def pictures(t: Traveller) -> None:
    """Letters for the map, as a style asks for them."""
    style = t.json("county_admin", "GET", "/tiles/{county}/style/{theme}.json", theme="light")
    stack = next(layer["layout"]["text-font"][0] for layer in style["layers"] if "text-font" in layer.get("layout", {}))
    t.ask(
        "county_admin",
        "GET",
        "/style/fonts/{fontstack}/{wanted}.pbf",
        fontstack=stack.replace(" ", "%20"),
        wanted="0-255",
    )


def audit(t: Traveller) -> None:
    """The auditor takes the trail along, with its chain and as a table."""
    for query in ("", "?format=csv", "?trail=platform"):
        t.ask("auditor", "GET", "/api/{county}/audit/export", query=query)


def administration(t: Traveller) -> None:
    """An account made by one administrator, granted by another, reset, shut out and let in."""
    name = f"new-{t.county}-{uuid.uuid4().hex[:6]}"
    one = "/api/accounts/{username}"
    t.json("system_admin", "POST", "/api/accounts", {"username": name, "display_name": name})
    t.ask("security_admin", "GET", "/api/accounts/divisions")
    grant = {"role": "village_officer", "prefixes": [t.of["village"].prefixes[0]]}
    t.ask("security_admin", "PUT", one + "/grant", grant, username=name)
    for step in ("password-reset", "second-factor-reset", "unlock"):
        t.ask("security_admin", "POST", f"{one}/{step}", username=name)
    for step in ("disable", "enable"):
        t.ask("system_admin", "POST", f"{one}/{step}", username=name)
    t.ask("system_admin", "DELETE", one + "/sessions", username=name)
    t.ask("security_admin", "DELETE", one + "/tokens", username=name)


def form(fields: dict[str, str], file_name: str, content: bytes) -> tuple[bytes, str]:
    """A multipart body with one file, and its media type."""
    parts = [f'--b0\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    head = (
        f'--b0\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\nContent-Type: text/csv\r\n\r\n'
    )
    return b"".join(parts) + head.encode() + content + b"\r\n--b0--\r\n", "multipart/form-data; boundary=b0"


JOURNEYS = (
    signs_in,
    visits_and_looks,
    files,
    codes,
    change_sets,
    features,
    pictures,
    corrections,
    quality,
    audit,
    administration,
)

"""The world under attack: two synthetic counties, accounts of every role in both, and a real server on this machine.

The first county is only read. The other is the scratch county: everything that writes is done there, by its own accounts,
and accounts of the first may only knock at it.
"""

from __future__ import annotations

import base64
import csv
import math
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_bounds
from sqlalchemy import Engine, text

from benchmarks.attack.credentials import (
    ACCOUNTS_ONLY,
    ADMINISTRATORS,
    create_account,
    create_token,
    find_account,
    open_session,
)
from benchmarks.attack.oracle import Oracle, View, Whole, runs_of, strings_in
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import Settings, get_settings, load_secrets
from database.rights.scope import Role, Scope
from database.secrets.sign import Signer
from database.upgrade.all_servers import migrate_all
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from gazetteer.codes.token import Token, TokenKind
from gazetteer.plates.plates import issue_plates
from layers.raster.ingest import NewRaster, add_raster

HOME, SCRATCH = "339911", "339912"
NAMES = {HOME: "云溪县（攻击演练）", SCRATCH: "邻县（攻击演练）"}
SEEDS = {HOME: 11, SCRATCH: 12}


@dataclass
class Asker:
    """Who asks. headers: their credentials. prefixes: what they may see; nothing for who is let in nowhere."""

    name: str
    role: str
    county: str
    prefixes: tuple[str, ...]
    headers: list[tuple[str, str]] = field(repr=False, default_factory=list)
    by_cookie: bool = False


@dataclass
class World:
    """The server and its owner's view. tokens: text of a QR code → the words it shows to anybody."""

    url: str
    settings: Settings
    owner: Engine
    database: Database
    askers: list[Asker]
    oracle: Whole
    tokens: dict[str, set[str]] = field(default_factory=dict)
    pid: int = 0

    @property
    def files(self) -> Path:
        """Where the department files of the counties are, and the server's log."""
        return self.settings.home / "attack"

    def view(self, asker: Asker) -> View:
        """What this asker may see."""
        return self.oracle.view(asker.county, asker.prefixes)

    def read(self) -> None:
        """The owner's view of everything, as it is now."""
        self.oracle = read_oracle(self.owner, self.files)
        self.tokens = make_tokens(self.owner, self.settings)

    def reread(self) -> None:
        """The scratch county and the accounts as they are now; accounts that the attack has shut out are let in again."""
        self.oracle.replace("scratch", read_county(self.owner, SCRATCH, self.files / SCRATCH), SCRATCH)
        self.oracle.replace("accounts", read_accounts(self.owner), SCRATCH)
        alive = [asker for asker in self.askers if asker.prefixes]
        self._enable(asker.name for asker in alive)
        with self.database.platform() as connection:
            for asker in alive:
                account = find_account(connection, asker.name)
                if account is not None and asker.prefixes != (ACCOUNTS_ONLY,):
                    asker.prefixes = tuple(account.prefixes)

    def let_in_again(self, asker: Asker) -> None:
        """A new session for an account whose session the attack has ended, or which it has disabled."""
        if asker.by_cookie and asker.prefixes:
            self._enable([asker.name])
            with self.database.platform() as connection:
                asker.headers = _cookie(connection, asker.name, self.settings)

    def _enable(self, names: Iterable[str]) -> None:
        with self.owner.begin() as owner:
            owner.execute(
                text("UPDATE platform.account SET disabled = false WHERE username = ANY(:names)"),
                {"names": list(names)},
            )


def read_oracle(owner: Engine, files: Path) -> Whole:
    """Both counties and the accounts, outside row-level security. files: where the counties' department files are."""
    parts = {"home": read_county(owner, HOME, files / HOME), "scratch": read_county(owner, SCRATCH, files / SCRATCH)}
    return Whole(parts | {"accounts": read_accounts(owner)})


def read_county(owner: Engine, county: str, folder: Path) -> Oracle:
    """One county."""
    oracle = Oracle(county)
    oracle.read(owner, county)
    oracle.numbers = whole_numbers(folder)
    oracle.finish()
    return oracle


def whole_numbers(folder: Path) -> set[str]:
    """ID numbers and phones as the department file has them: none of them may be shown whole but by a reveal."""
    numbers: set[str] = set()
    for path in folder.rglob("公安_实有人口.csv"):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for row in csv.reader(file):
                numbers |= {cell for cell in row if len(cell) in (11, 18) and cell[:-1].isdigit()}
    return numbers


def read_accounts(owner: Engine) -> Oracle:
    """The names of all accounts."""
    oracle = Oracle()
    oracle.read_accounts(owner)
    oracle.finish()
    return oracle


@contextmanager
def open_world(scale: str = "small", port: int = 0, url: str | None = None) -> Iterator[World]:
    """The world of ONEMAP_HOME, built where it is missing. url: a server that runs on the same database already."""
    settings = get_settings()
    urls = ensure_database(settings)  # here: the children find the cluster running
    owner = owner_engine(urls.owner)
    build_counties(owner, scale)
    database = Database(urls.app, pool_size=2)
    add_rasters(database, owner, settings)
    issue_plates_of_a_village(database, owner)
    askers = make_accounts(database, owner, settings)
    world = World("", settings, owner, database, askers, Whole({}))
    try:
        if url is not None:
            world.url = url
            yield world
        else:
            with served(settings, port) as (world.url, world.pid):
                yield world
    finally:
        database.close()
        owner.dispose()


def build_counties(owner: Engine, scale: str) -> None:
    """Each county in a process of its own, both at once; those that have persons stay as they are."""
    missing = [code for code in NAMES if not _has_persons(owner, code)]
    if missing:
        migrate_all(owner)
    for code in missing:
        create_county(owner, code, NAMES[code], synthetic=True)
    children = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.attack.build", code, scale, str(SEEDS[code])])
        for code in missing
    ]
    if any(child.wait() for child in children):
        raise SystemExit("a county could not be built")


def _has_persons(owner: Engine, code: str) -> bool:
    with owner.connect() as connection:
        if connection.scalar(text("SELECT to_regclass(:t)"), {"t": f"c{code}.alert"}) is None:
            return False
        return bool(connection.scalar(text(f"SELECT EXISTS (SELECT FROM c{code}.alert)")))


def make_accounts(database: Database, owner: Engine, settings: Settings) -> list[Asker]:
    """Accounts of every role in both counties, wide and narrow; a disabled one, an ended session, a stranger."""
    askers = [Asker("stranger", "", HOME, ())]
    with owner.begin() as connection:  # of an earlier run
        connection.execute(
            text("UPDATE platform.account SET disabled = false WHERE county = ANY(:c)"), {"c": list(NAMES)}
        )
    with database.platform() as connection:
        for county, mark in ((HOME, "h"), (SCRATCH, "s")):
            places = _places(owner, county)
            for name, role, prefixes in _cast(places, county):
                askers.append(_account(connection, f"{mark}_{name}", role, county, prefixes, settings))
            worker, town = (f"{mark}_worker", f"{mark}_town")
            bearer = create_token(connection, worker, "attack")
            basic = base64.b64encode(f"{town}:{create_token(connection, town, 'attack')}".encode()).decode()
            of = {a.name: a for a in askers}
            askers.append(
                Asker(worker + "", "token", county, of[worker].prefixes, [("Authorization", f"Bearer {bearer}")])
            )
            askers.append(Asker(town + "", "basic", county, of[town].prefixes, [("Authorization", f"Basic {basic}")]))
    askers += _shut_out(database, owner, settings)
    return askers


def _cast(places: dict[str, list[str]], county: str) -> list[tuple[str, Role, tuple[str, ...]]]:
    cells, villages, towns = places["cells"], places["villages"], places["towns"]
    cast = [
        ("worker", Role.GRID_WORKER, (cells[0],)),
        ("village", Role.VILLAGE_OFFICER, (villages[0],)),
        ("town", Role.TOWN_OFFICIAL, (towns[0],)),
        ("town_b", Role.TOWN_OFFICIAL, (towns[-1],)),
        ("several", Role.GRID_WORKER, (cells[1], villages[-1], cells[-1])),
        ("gis_town", Role.GIS_STAFF, (towns[0],)),
        ("auditor_town", Role.AUDITOR, (towns[0],)),
        ("second", Role.COUNTY_ADMIN, (county,)),
    ]
    narrow = {Role.GRID_WORKER, Role.VILLAGE_OFFICER, Role.TOWN_OFFICIAL, Role.SYSTEM}
    # a role that comes into being tomorrow is attacked tomorrow
    return cast + [(role.value, role, (county,)) for role in Role if role not in narrow]


def _places(owner: Engine, county: str) -> dict[str, list[str]]:
    """Cells, villages and towns, those with the most alerts first: there is most to see."""
    busy = (
        "SELECT u.code FROM {unit} u LEFT JOIN {schema}.alert a ON a.grid_code ^@ u.code WHERE {which} "
        "GROUP BY u.code ORDER BY count(a.id) DESC, u.code"
    )
    which = {
        "cells": ("grid_cell", "length(u.code) = 15"),
        "villages": ("division", "u.level = 'village'"),
        "towns": ("division", "u.level = 'town'"),
    }
    with owner.connect() as connection:
        return {
            name: list(
                connection.scalars(text(busy.format(unit=f"c{county}.{unit}", schema=f"c{county}", which=condition)))
            )
            for name, (unit, condition) in which.items()
        }


def _account(
    connection: object, name: str, role: Role, county: str, prefixes: Sequence[str], settings: Settings
) -> Asker:
    create_account(
        connection,  # type: ignore[arg-type]
        username=name,
        display_name=name,
        password=secrets.token_urlsafe(18),
        role=role,
        county=county,
        prefixes=prefixes,
        settings=settings,
    )
    seen = (ACCOUNTS_ONLY,) if role in ADMINISTRATORS else tuple(prefixes)
    return Asker(name, role.value, county, seen, _cookie(connection, name, settings), by_cookie=True)


def _cookie(connection: object, name: str, settings: Settings) -> list[tuple[str, str]]:
    account = find_account(connection, name)  # type: ignore[arg-type]
    assert account is not None, name
    return [("Cookie", f"onemap_session={open_session(connection, account, settings)}")]  # type: ignore[arg-type]


def _shut_out(database: Database, owner: Engine, settings: Settings) -> list[Asker]:
    """Credentials that were good once: of a disabled account, of an ended session, a revoked token."""
    with database.platform() as connection:
        disabled = _account(connection, "h_disabled", Role.COUNTY_ADMIN, HOME, (HOME,), settings)
        expired = _account(connection, "h_expired", Role.COUNTY_ADMIN, HOME, (HOME,), settings)
        revoked = create_token(connection, "h_expired", "attack")
    with owner.begin() as connection:
        connection.execute(text("UPDATE platform.account SET disabled = true WHERE username = 'h_disabled'"))
        connection.execute(
            text("UPDATE platform.session SET expires_at = now() - interval '1 hour' WHERE username = 'h_expired'")
        )
        connection.execute(text("UPDATE platform.access_token SET revoked_at = now() WHERE username = 'h_expired'"))
    for asker, role in ((disabled, "disabled"), (expired, "expired")):
        asker.prefixes, asker.role = (), role
    return [disabled, expired, Asker("h_revoked", "revoked", HOME, (), [("Authorization", f"Bearer {revoked}")])]


def add_rasters(database: Database, owner: Engine, settings: Settings) -> None:
    """An elevation model a county, so that rasters and floods answer; a slope over the county's box."""
    folder = settings.home / "attack"
    for county in NAMES:
        with owner.connect() as connection:
            if connection.scalar(text(f"SELECT count(*) FROM c{county}.raster")):
                continue
            box = connection.execute(
                text(
                    f"SELECT st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e) FROM (SELECT st_extent(geom) AS e FROM c{county}.division) x"
                )
            ).one()
        path = folder / f"{county}-dem.tif"
        _write_slope(path, tuple(box))
        new = NewRaster(name="dem", title="高程", kind="dem")
        add_raster(
            database,
            Scope.of_system(county, "attack"),
            settings.rasters_folder,
            path,
            new,
            max_mb=settings.max_raster_mb,
        )


def _write_slope(path: Path, box: tuple[float, float, float, float], size: int = 256) -> None:
    slope = np.add.outer(np.arange(size), np.arange(size)).astype("float32") / 2
    west, south, east, north = box
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=1, dtype="float32", crs="EPSG:4490",
        transform=from_bounds(west, south, east, north, size, size), nodata=math.nan,
    ) as file:  # fmt: skip
        file.write(slope, 1)


def issue_plates_of_a_village(database: Database, owner: Engine) -> None:
    """Door plates in one village of each county."""
    for county in NAMES:
        village = _places(owner, county)["villages"][0]
        with database.transaction(Scope.of_system(county, "attack")) as connection:
            issue_plates(connection, village, actor="attack")


def make_tokens(owner: Engine, settings: Settings) -> dict[str, set[str]]:
    """Signed texts of door plates, and the words of the address behind each: what anybody may read there."""
    signer = Signer.of_plates(load_secrets(settings))
    tokens = {}
    with owner.connect() as connection:
        for county in NAMES:
            plates = connection.execute(
                text(
                    f"SELECT p.serial, to_jsonb(a) - 'geom' - 'geom_3857' AS address FROM c{county}.plate_token p "
                    f"JOIN c{county}.standard_address a ON a.id = p.address_id WHERE p.revoked_at IS NULL ORDER BY p.id LIMIT 20"
                )
            )
            for serial, address in plates:
                words = set().union(*(runs_of(one) for one in strings_in(address)))
                tokens[Token(TokenKind.PLATE, county, bytes(serial)).written(signer)] = words
    return tokens


@contextmanager
def served(settings: Settings, port: int) -> Iterator[tuple[str, int]]:
    """``onemap serve`` in a process of its own; its log goes to the home folder."""
    port = port or _free_port()
    log = (settings.home / "attack" / "server.log").open("ab")
    environment = os.environ | {"ONEMAP_HOME": str(settings.home), "ONEMAP_PORT": str(port)} | raised_limits()
    command = [sys.executable, "-c", "from mapserver.cli.main import main; main()", "serve", "--port", str(port)]
    child = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while not _answers(url):
            if child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server did not start; see {log.name}")
            time.sleep(0.2)
        yield url, child.pid
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
        if child.poll() is None:
            child.kill()
        log.close()


def raised_limits() -> dict[str, str]:
    """Settings under which the server takes this many requests from one address: what is refused for haste is not attacked."""
    often = dict.fromkeys(
        ("REQUESTS_PER_ACCOUNT", "REQUESTS_PER_ADDRESS", "STRANGERS_PER_ADDRESS", "SCANS_PER_ADDRESS"), "1000000/second"
    )
    looks = dict.fromkeys(
        (f"LOOK_{kind}" for kind in ("MISSES_WITHOUT_PURPOSE", "MISSES", "NUMBERS", "NAMES", "REVEALS", "CHECKS")),
        "1000000",
    )
    return {f"ONEMAP_{name}": value for name, value in (often | looks).items()} | {
        "ONEMAP_TILES_PER_SECOND": "1000000",
        "ONEMAP_STREAMS_PER_ACCOUNT": "1000",
        "ONEMAP_SIGN_IN_FAILURES_PER_MINUTE": "1000000",
        "ONEMAP_QUEUE_SECONDS": "30",
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])

"""The door under attack: guessing, flooding, finding out names, locking others out. Addresses are those of the clients."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from access.accounts import passwords
from access.accounts.passwords import Gate, SignInBusy
from access.administration.administration import Administration, Administrator
from access.sign_in import sign_in
from access.sign_in.limits import Limit
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role
from tests.mapserver.conftest import PASSWORD

Browser = Callable[..., TestClient]


@pytest.fixture
def browser(application: TestClient, database: Database) -> Browser:
    """A browser of its own at an address."""

    def at(address: str) -> TestClient:
        return TestClient(
            application.app,
            raise_server_exceptions=False,
            headers={"X-Onemap-Request": "1"},
            client=(address, 4000),
        )

    return at


@pytest.fixture(autouse=True)
def fresh_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window of an earlier test."""
    sign_in._of_address.cache_clear()
    monkeypatch.setattr(sign_in, "_NOTED", Limit("refusal noted", "1/minute"))


def enter(client: TestClient, username: str, password: str = PASSWORD, **more: object) -> Any:
    return client.post("/api/session", json={"username": username, "password": password} | more)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each argon2 check that was made."""
    made: list[str] = []
    real = sign_in.is_right

    def counted(password: str, password_hash: str | None) -> bool:
        made.append(password)
        return real(password, password_hash)

    monkeypatch.setattr(sign_in, "is_right", counted)
    return made


def test_known_unknown_disabled_and_ungranted_names_answer_alike_after_the_same_work(
    browser: Browser,
    make_account: Callable[..., str],
    database: Database,
    settings: Settings,
    owner: Engine,
    checks: list[str],
) -> None:
    known = make_account(Role.GIS_STAFF)
    disabled = make_account(Role.TOWN_OFFICIAL, "330521100")
    operator = Administration(database, settings, Administrator("cli:test", None))
    operator.set_disabled(disabled, disabled=True)
    operator.create("ungranted", "新人", "330521")
    answers, statements, n = [], [], 0
    for username, password in (
        (known, "wrong"),
        ("nobody", "wrong"),
        (disabled, "wrong"),
        (disabled, PASSWORD),
        ("ungranted", "wrong"),
        ("ungranted", "-"),
        ("Robert'); DROP", "wrong"),
        (known.upper(), PASSWORD),
    ):
        n += 1
        client = browser(f"10.0.0.{n}")
        for _ in range(7):
            answer = enter(client, username, password)
            body = answer.json()
            body.pop("detail"), body.pop("facts")
            answers.append((n, answer.status_code, str(body), sorted(answer.headers)))
        statements.append(len(checks))
    by_name = [[a[1:] for a in answers if a[0] == i] for i in range(1, n + 1)]
    assert all(one == by_name[0] for one in by_name)
    assert [status for status, *_ in by_name[0]] == [401] * 5 + [429] * 2
    assert statements == [5 * i for i in range(1, n + 1)]


def test_a_stranger_cannot_lock_an_account(browser: Browser, make_account: Callable[..., str]) -> None:
    name = make_account(Role.TOWN_OFFICIAL, "330521100")
    for n in range(1, 9):  # eight strangers, more than the whole account is allowed to fail
        for _ in range(6):
            enter(browser(f"10.9.0.{n}"), name, "wrong")
    newcomer = browser("10.1.1.1")
    assert enter(newcomer, name).status_code == 200


def test_after_many_strangers_another_stranger_waits_from_the_first_failure_on(
    browser: Browser, make_account: Callable[..., str]
) -> None:
    name = make_account(Role.TOWN_OFFICIAL, "330521100")
    home = browser("10.1.1.1")
    assert enter(home, name).status_code == 200
    for n in range(1, 6):
        for _ in range(5):
            enter(browser(f"10.9.0.{n}"), name, "wrong")
    stranger = browser("10.9.0.99")
    assert [enter(stranger, name, "wrong").status_code for _ in range(3)] == [401, 429, 429]
    # the browser that signed in before is no stranger, wherever it is now: it may mistype
    home.headers["X-Moved"] = "1"
    assert [enter(home, name, "wrong").status_code for _ in range(4)] == [401] * 4
    assert enter(home, name).status_code == 200


def test_a_browser_at_a_guessers_address_is_not_held_up(browser: Browser, make_account: Callable[..., str]) -> None:
    name = make_account(Role.TOWN_OFFICIAL, "330521100")
    mine = browser("10.0.5.5")
    assert enter(mine, name).status_code == 200
    guesser = browser("10.0.5.5")  # the same office, behind the same address
    for n in range(40):
        enter(guesser, name if n < 10 else f"name{n}", "wrong")
    assert enter(guesser, name).status_code == 429
    assert enter(mine, name).status_code == 200


@pytest.mark.parametrize("cookie", ["x", "a" * 32, "a" * 32 + "." + "b" * 32, ".", "~", "a" * 5000])
def test_a_forged_device_cookie_is_no_way_around(
    browser: Browser, make_account: Callable[..., str], cookie: str
) -> None:
    name = make_account(Role.TOWN_OFFICIAL, "330521100")
    for _ in range(5):
        enter(browser("10.0.0.1"), name, "wrong")
    client = browser("10.0.0.1")
    client.headers["Cookie"] = f"onemap_device={cookie}"
    assert enter(client, name).status_code == 429


def test_the_device_cookie_of_one_name_does_not_serve_to_guess_another(
    browser: Browser, make_account: Callable[..., str]
) -> None:
    insider = make_account(Role.GRID_WORKER, "330521100001001")
    victim = make_account(Role.TOWN_OFFICIAL, "330521100")
    for _ in range(5):
        enter(browser("10.0.0.1"), victim, "wrong")
    client = browser("10.0.0.1")
    assert enter(client, insider).status_code == 200
    assert enter(client, victim).status_code == 429


def test_the_wait_grows_and_ends(
    browser: Browser, make_account: Callable[..., str], owner: Engine, settings: Settings
) -> None:
    name = make_account(Role.GIS_STAFF)
    client = browser("10.0.0.1")
    waits = []
    for _n in range(12):
        enter(client, name, "wrong")
        refused = enter(client, name, "wrong")
        if refused.status_code == 429:
            waits.append(int(refused.headers["Retry-After"]))
            let_time_pass(owner, waits[-1] + 1)
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == settings.lockout_minutes * 60
    assert enter(client, name).status_code == 200
    assert enter(client, name, "wrong").status_code == 401


def let_time_pass(owner: Engine, seconds: int) -> None:
    """As if every failure had happened so much earlier."""
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE platform.sign_in_failure SET last_at = last_at - make_interval(secs => :s)"), {"s": seconds}
        )


def test_tries_at_the_same_moment_do_not_outrun_the_count(
    browser: Browser, make_account: Callable[..., str], checks: list[str]
) -> None:
    name = make_account(Role.GIS_STAFF)
    clients = [browser("10.0.0.1") for _ in range(20)]
    threads = [threading.Thread(target=enter, args=(client, name, "wrong")) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(checks) <= 5


def test_a_flood_from_one_address_costs_a_few_checks_and_another_signs_in_meanwhile(
    browser: Browser,
    make_account: Callable[..., str],
    settings: Settings,
    database: Database,
    checks: list[str],
    owner: Engine,
) -> None:
    name = make_account(Role.GIS_STAFF)
    answers: list[int] = []

    def flood(part: int) -> None:
        client = browser("10.6.6.6")
        answers.extend(enter(client, f"name-{part}-{n}", "wrong").status_code for n in range(8))

    began = time.monotonic()
    threads = [threading.Thread(target=flood, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    assert enter(browser("10.1.1.1"), name).status_code == 200
    for thread in threads:
        thread.join()
    assert set(answers) <= {401, 429, 503}
    # in any minute so many; a slow machine takes more than one for the flood
    most = settings.sign_in_failures_per_minute * (1 + int((time.monotonic() - began) // 60))
    assert len(checks) <= most + 1 + 1
    with owner.connect() as connection:
        rows = connection.scalar(
            text("SELECT count(*) FROM platform.audit_event WHERE address = '10.6.6.6' OR actor LIKE 'name-%'")
        )
    assert rows <= most + 1 + 1 + most // settings.sign_in_failures_per_minute


def test_addresses_of_one_ipv6_network_are_one(browser: Browser, make_account: Callable[..., str]) -> None:
    name = make_account(Role.GIS_STAFF)
    for n in range(5):
        enter(browser(f"2001:db8::{n}"), name, "wrong")
    assert enter(browser("2001:db8::ffff"), name).status_code == 429
    assert enter(browser("2001:db8:0:1::1"), name).status_code == 200


def test_the_owner_is_told_of_failures_at_the_next_sign_in_and_once(
    browser: Browser, make_account: Callable[..., str]
) -> None:
    name = make_account(Role.GIS_STAFF)
    for _ in range(3):
        enter(browser("10.0.0.7"), name, "wrong")
    for _ in range(2):
        enter(browser("10.0.0.8"), name, "wrong")
    client = browser("10.1.1.1")
    report = enter(client, name).json()["failed_before"]
    assert report["failures"] == 5
    assert set(report["addresses"]) == {"10.0.0.7", "10.0.0.8"}
    assert enter(client, name).json()["failed_before"] is None


def test_every_failed_sign_in_is_in_the_trail_of_the_platform(
    browser: Browser, make_account: Callable[..., str], owner: Engine
) -> None:
    name = make_account(Role.GIS_STAFF)
    with owner.begin() as connection:
        last = connection.scalar(text("SELECT coalesce(max(id), 0) FROM platform.audit_event"))
    client = browser("10.0.0.31")
    enter(client, name, "wrong")
    enter(client, "nobody", "wrong")
    with owner.connect() as connection:
        rows = connection.execute(
            text("SELECT actor, action, allowed, county FROM platform.audit_event WHERE id > :last ORDER BY id"),
            {"last": last},
        ).all()
    assert rows == [(name, "sign_in", False, "330521"), ("nobody", "sign_in", False, None)]


@pytest.mark.parametrize(
    "username", ["\0", "a\0b", "x" * 65, "", " ", "\ud800", "'; --", "a\nb", "𠮷" * 40, "\u202eadmin", "%s", "{}"]
)
@pytest.mark.parametrize("password", ["\0", "\ud800", "y" * 256])
def test_odd_names_and_passwords_are_wrong_and_nothing_worse(browser: Browser, username: str, password: str) -> None:
    body = json.dumps({"username": username, "password": password})
    answer = browser("10.0.0.55").post("/api/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (401, 422, 429)


def test_the_gate_bounds_all_and_each() -> None:
    gate = Gate(at_once=1, waiting=2, per_key=2, patience_s=0.01)
    with gate.enter("a"):
        with pytest.raises(SignInBusy), gate.enter("a"):
            pass
        started, done = threading.Event(), threading.Event()
        patient = Gate(at_once=1, waiting=1, per_key=1, patience_s=30)

        def hold() -> None:
            with patient.enter("x"):
                started.set()
                done.wait(30)

        thread = threading.Thread(target=hold)
        thread.start()
        started.wait(30)
        with pytest.raises(SignInBusy) as refused, patient.enter("x"):
            pass
        assert refused.value.facts["retry_after_s"] >= 1
        done.set()
        thread.join()
    with gate.enter("a"), pytest.raises(SignInBusy), gate.enter("b"):
        pass


def test_no_transaction_is_open_while_a_password_is_checked(
    browser: Browser, make_account: Callable[..., str], owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = make_account(Role.GIS_STAFF)
    seen: list[int] = []
    real = passwords.is_right

    def look(password: str, password_hash: str | None) -> bool:
        with owner.connect() as connection:
            seen.append(
                connection.scalar(
                    text(
                        "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
                        "WHERE c.relnamespace = 'platform'::regnamespace AND c.relname IN "
                        "('account', 'sign_in_failure') AND l.pid <> pg_backend_pid()"
                    )
                )
            )
        return real(password, password_hash)

    monkeypatch.setattr(sign_in, "is_right", look)
    assert enter(browser("10.0.0.1"), name).status_code == 200
    assert seen == [0]

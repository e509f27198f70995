"""Every code has one home: what the database holds, the interface says and the web app shows follows from it."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import CheckConstraint, Engine, text

from database.rights.scope import Role, county_schema
from database.tables.base import CountyBase, PlatformBase
from database.tables.models import Account
from database.vocabulary import Vocabulary
from layers.events.vocabulary import EventState
from layers.people.looks import purpose_given
from layers.people.national_codes import GbEducation, GbEthnicGroup, GbFamilyRelation, GbMaritalStatus, GbSex
from layers.people.vocabulary import PersonStatus
from layers.places.vocabulary import Occupancy
from layers.visits.vocabulary import VisitOutcome
from mapserver.maps.words import words_of
from mapserver.server.vocabularies import GROUPS, MODULES, vocabularies, web_app_file
from tests.mapserver.conftest import SignIn
from tests.rooms import ROOMS, ROOT

WEB_APP = ROOT / "frontend/src/texts"
LITERAL = re.compile(r"'([^']*)'")


def test_every_vocabulary_is_served() -> None:
    for room in ROOMS:
        for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    declared = {one for one in Vocabulary.__subclasses__() if one.__module__.split(".")[0] in ROOMS}
    assert {one.__module__ for one in declared} == set(MODULES)
    assert set(vocabularies().values()) == declared
    assert len(vocabularies()) == len(declared), "two vocabularies have one name"
    assert not set(GROUPS) & set(vocabularies())


@pytest.mark.parametrize("vocabulary", vocabularies().values(), ids=vocabularies())
def test_every_code_has_a_label_in_both_languages(vocabulary: type[Vocabulary]) -> None:
    assert vocabulary.__doc__
    labels = [member.zh for member in vocabulary]
    assert len(set(labels)) == len(labels)
    for member in vocabulary:
        assert re.fullmatch(r"[a-z][a-z0-9_]*|[0-9]{1,3}|[A-C]", member), member
        assert re.search("[一-鿿]", member.zh), member
        assert member.en and member.en.isascii(), member


#: rooms whose codes all stand in vocabularies
WITHOUT_TABLES = ("fieldwork", "alerts", "importing", "layers", "grid", "gazetteer")
CODE = re.compile(r"[a-z][a-z0-9_]*|[0-9]{1,3}|[A-C]")


def tables_by_hand(source: str) -> list[str]:
    """Dictionaries of codes with a Chinese label each."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Dict) and len(node.keys) > 1
        if all(
            isinstance(key, ast.Constant) and isinstance(key.value, str) and CODE.fullmatch(key.value)
            for key in node.keys
        )
        if all(isinstance(one, ast.Constant) and re.search("[一-鿿]", str(one.value)) for one in node.values)
    ]


def test_no_room_writes_a_table_of_labels_by_hand() -> None:
    files = [file for room in WITHOUT_TABLES for file in (ROOT / room).rglob("*.py")]
    found = {
        str(file.relative_to(ROOT)): tables for file in files if (tables := tables_by_hand(file.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "n"),
    [
        ('X = {"vacant": "空置", "let": "出租"}', 1),
        ('def f(x):\n    return {"111": "主城区", "112": "城乡结合区"}[x]', 1),
        ('X = {"vacant": Occupancy.VACANT.zh, "let": "出租"}', 0),
        ('X = {"号楼": "幢", "栋": "幢"}', 0),
        ('X = {"kind": "rename", "old": "永安街"}', 0),
    ],
)
def test_a_table_of_labels_is_seen(source: str, n: int) -> None:
    assert len(tables_by_hand(source)) == n


def test_the_web_app_is_built_with_the_words_of_the_server() -> None:
    written = (WEB_APP / "vocabulary.json").read_bytes()
    assert written == web_app_file(), "run scripts/write_vocabulary"


def test_the_web_app_writes_no_word_of_a_vocabulary_itself() -> None:
    words = {
        label for name, one in vocabularies().items() if not name.startswith("gb_") for label in one.labels().values()
    }
    for vocabulary in (VisitOutcome, Occupancy, EventState):
        codes = "|".join(vocabulary)
        for source in Path(WEB_APP.parent).rglob("*.ts"):
            copies = re.findall(rf"^\s*(?:{codes}): '([^']+)'", source.read_text("utf-8"), re.MULTILINE)
            assert not words.intersection(copies), source


def test_the_map_pages_say_what_the_web_app_says() -> None:
    for vocabulary in (Occupancy, EventState, PersonStatus):
        assert [words_of(str(member)) for member in vocabulary] == [member.zh for member in vocabulary]


def test_the_database_holds_the_codes_of_the_models(owner: Engine, app_database: object, county: str) -> None:
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' "
                "AND connamespace IN (CAST(:county AS regnamespace), CAST('platform' AS regnamespace))"
            ),
            {"county": county_schema(county)},
        )
        in_database = {short(table.rpartition(".")[2], name): set(LITERAL.findall(rule)) for table, name, rule in rows}
    in_models = {
        short(table.name, str(check.name)): set(LITERAL.findall(str(check.sqltext)))
        for base in (CountyBase, PlatformBase)
        for table in base.metadata.tables.values()
        for check in table.constraints
        if isinstance(check, CheckConstraint) and re.search(r"\bIN \('", str(check.sqltext))
    }
    assert len(in_models) > 20
    assert {key: in_database.get(key) for key in in_models} == in_models


def short(table: str, constraint: str) -> tuple[str, str]:
    """Older migrations named a constraint without its table."""
    return table, constraint.removeprefix(f"ck_{table}_")


def test_no_account_may_be_the_system() -> None:
    rule = next(c for c in Account.__table__.constraints if str(c.name).endswith("_role"))
    assert isinstance(rule, CheckConstraint)
    assert set(LITERAL.findall(str(rule.sqltext))) == {str(role) for role in Role} - {"system"}


def test_national_tables_keep_the_codes_of_their_standard() -> None:
    assert list(GbSex) == ["0", "1", "2", "9"]
    assert list(GbMaritalStatus) == ["10", "20", "21", "22", "23", "30", "40", "90"]
    assert list(GbEthnicGroup) == [f"{n:02}" for n in range(1, 57)]
    assert (GbEthnicGroup("01").zh, GbEthnicGroup("22").zh, GbEthnicGroup("56").zh) == ("汉族", "畲族", "基诺族")
    assert (GbFamilyRelation("02").zh, GbFamilyRelation("10").zh, GbFamilyRelation("38").zh) == ("户主", "配偶", "儿媳")
    assert (GbEducation("21").zh, GbEducation("81").zh) == ("大学本科毕业", "小学毕业")


def test_the_interface_serves_them_with_an_etag(sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, "330521001001001")
    answer = client.get("/api/330521/vocabularies")
    assert answer.status_code == 200
    served = {one["name"]: one for one in answer.json()["vocabularies"]}
    assert list(served) == list(vocabularies())
    assert served["visit_outcome"]["codes"][0] == {"code": "met", "zh": "见到本人", "en": "met the person"}
    assert served["gb_sex"]["national"] and "GB/T 2261.1" in served["gb_sex"]["description"]
    etag = answer.headers["ETag"]
    assert etag.startswith('"')
    again = client.get("/api/330521/vocabularies", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_form_learns_the_shortest_purpose(sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, "330521001001001")
    least = client.get("/api/session").json()["settings"]["purpose_min"]
    assert purpose_given("访" * least) and not purpose_given("访" * (least - 1))


@pytest.mark.parametrize(
    "path", ["/api/330521/vocabularies", "/tiles/330521/base/13/6831/3380.mvt", "/tiles/330521/base.json"]
)
def test_a_stranger_gets_no_words_and_no_base_map(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401

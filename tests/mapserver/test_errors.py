"""Every error has one kind, which gives its status, and a code that no other error has."""

import importlib
import pkgutil
import re
from collections import Counter

import pytest

from access.sign_in.failures import SignInPaused
from alerts.lifecycle import VerifierMayNotClose
from database.errors import KINDS, Malformed, OnemapError, Taken, all_errors
from importing.errors import ConfirmationNeeded, ImportRefused, ScopeTooNarrow
from mapserver.door.entrance import UrlTooLong
from mapserver.door.interface import PROBLEMS
from mapserver.door.problems import title_of
from tests.rooms import ROOMS


@pytest.fixture(scope="module")
def errors() -> list[type[OnemapError]]:
    for room in ROOMS:
        for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return [error for error in dict.fromkeys(all_errors()) if error.__module__.split(".")[0] in ROOMS]


def code_of(error: type[OnemapError]) -> str:
    return error.__new__(error).code


def test_every_error_has_a_kind(errors: list[type[OnemapError]]) -> None:
    assert len(errors) > 180
    assert [error for error in errors if not issubclass(error, KINDS)] == []


def test_no_two_errors_have_one_code(errors: list[type[OnemapError]]) -> None:
    codes = Counter(map(code_of, (*errors, *KINDS)))
    assert [code for code, times in codes.items() if times > 1] == []


def test_only_http_says_a_status_that_is_not_of_a_kind(errors: list[type[OnemapError]]) -> None:
    assert {kind.__module__ for kind in KINDS} == {"database.errors"}
    assert len({kind.status for kind in KINDS}) == len(KINDS)
    own = {error for error in errors if "status" in error.__dict__}
    assert UrlTooLong in own
    assert {error.__module__.split(".")[0] for error in own} == {"mapserver"}
    assert all(issubclass(error, Malformed) for error in own)


def test_every_status_is_described(errors: list[type[OnemapError]]) -> None:
    assert {error.status for error in errors} <= set(PROBLEMS)


def test_every_error_has_a_title_in_both_languages(errors: list[type[OnemapError]]) -> None:
    kinds = {kind.title_zh for kind in KINDS} | {OnemapError.title_zh}
    written = [(error, error.title_zh in kinds, re.search(r"[一-鿿]", error.title_en)) for error in errors]
    assert [error for error, is_of_kind, chinese in written if is_of_kind or chinese] == []


def test_an_error_within_a_family_may_be_of_another_kind() -> None:
    assert (ImportRefused.status, ConfirmationNeeded.status, ScopeTooNarrow.status) == (422, 409, 403)
    assert issubclass(VerifierMayNotClose, Taken)


def test_a_code_finds_its_title() -> None:
    assert title_of(code_of(SignInPaused)) == SignInPaused.title_zh
    assert title_of("no-such-error") is None

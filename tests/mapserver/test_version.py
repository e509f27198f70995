"""One version: that of pyproject.toml."""

import json
import re

from database.installation.settings import Settings
from mapserver.app.create import create_app
from mapserver.server.version import version
from tests.rooms import ROOT


def test_the_interface_names_the_version() -> None:
    assert create_app(Settings(), worker=False).version == version()


def test_the_web_app_has_the_same() -> None:
    package = json.loads((ROOT / "frontend/package.json").read_text("utf-8"))
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text("utf-8"))
    assert {package["version"], lock["version"], lock["packages"][""]["version"]} == {version()}


def test_the_changelog_begins_with_it() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None and newest[1] == version()

"""A tiny and a small demo county, generated once."""

from datetime import date
from pathlib import Path

import pytest

from demo.generate import DemoCounty, generate_county

TODAY = date(2026, 3, 1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    """The smallest county, up to today: the database compares dates with its own clock."""
    return generate_county(tmp_path_factory.mktemp("tiny"), "tiny")


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small county as of 1 March 2026."""
    folder = tmp_path_factory.mktemp("small")
    generate_county(folder, "small", today=TODAY)
    return folder

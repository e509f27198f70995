"""The doctor states facts and names the command that mends."""

from pathlib import Path

import pytest

from database.checks.doctor import CHECKS, CheckResult, run_checks
from database.embedded import EmbeddedCluster
from database.installation.settings import SECRETS_FILE, Settings


def result_of(settings: Settings, name_en: str) -> CheckResult:
    return next(result for result in run_checks(settings) if result.name_en == name_en)


def test_every_failed_check_names_a_command_that_mends(tmp_path: Path) -> None:
    results = run_checks(Settings(home=tmp_path / "home", postgres_bin=tmp_path))
    assert len(results) == len(CHECKS)
    assert all(result.command for result in results if not result.ok)
    assert all(result.name_zh and result.name_en and result.message for result in results)


def test_the_doctor_creates_nothing(tmp_path: Path) -> None:
    run_checks(Settings(home=tmp_path / "home"))
    assert list(tmp_path.iterdir()) == []


def test_missing_postgres_is_found_with_the_apt_command(tmp_path: Path) -> None:
    result = result_of(Settings(home=tmp_path, postgres_bin=tmp_path), "PostgreSQL programs")
    assert not result.ok
    assert "apt-get install postgresql" in result.command


def test_a_readable_secrets_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / SECRETS_FILE).write_text("{}")
    (tmp_path / SECRETS_FILE).chmod(0o644)
    assert not result_of(Settings(home=tmp_path), "Secrets file").ok


def test_a_running_cluster_is_reported(cluster: EmbeddedCluster) -> None:
    result = result_of(Settings(home=cluster.home), "Embedded database")
    assert result.ok
    assert "running" in result.message


def test_an_application_role_that_bypasses_row_level_security_is_reported(cluster: EmbeddedCluster) -> None:
    good = result_of(Settings(database_url=cluster.dsn("app")), "External database")
    mighty = result_of(Settings(database_url=cluster.dsn("superuser")), "External database")
    assert good.ok
    assert not mighty.ok


def test_a_failed_connection_does_not_quote_the_password(cluster: EmbeddedCluster) -> None:
    url = cluster.dsn("app").replace(":", ":wrong", 2).replace("postgresql:wrong", "postgresql:")
    result = result_of(Settings(database_url=url), "External database")
    assert not result.ok
    assert cluster.secrets.app_password not in result.message


def test_a_check_that_raises_becomes_a_failed_result(tmp_path: Path) -> None:
    def check_broken(settings: Settings) -> CheckResult:
        raise RuntimeError("broken")

    assert not run_checks(Settings(home=tmp_path), extra=[check_broken])[-1].ok


@pytest.mark.parametrize("name", ["Python version", "Python packages"])
def test_this_environment_is_sound(tmp_path: Path, name: str) -> None:
    assert result_of(Settings(home=tmp_path), name).ok

"""Settings come from the environment; secrets are created once, kept closed and never shown."""

import base64
import json
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from database.errors import OnemapError
from database.installation.settings import (
    CLUSTER_RECORD_FILE,
    SECRETS_FILE,
    Secrets,
    SecretsMissingError,
    SecretsUnreadableError,
    Settings,
    get_settings,
    load_secrets,
)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMAP_PORT", "8123")
    monkeypatch.setenv("ONEMAP_EMBEDDED_FSYNC", "off")
    settings = Settings()
    assert settings.port == 8123
    assert settings.embedded_fsync is False


def test_home_defaults_to_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ONEMAP_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Settings().home == tmp_path / ".onemap"


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("elsewhere")).home == tmp_path / "elsewhere"


def test_get_settings_reads_the_environment_once() -> None:
    assert get_settings() is get_settings()


def test_an_empty_database_url_means_the_embedded_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMAP_DATABASE_URL", "")
    assert Settings().database_url is None


def test_a_url_of_another_database_is_refused_in_both_languages() -> None:
    with pytest.raises(ValidationError, match=r"须以.*must start with"):
        Settings(database_url="mysql://example/onemap")


def test_database_passwords_and_keys_are_not_in_the_repr_of_settings() -> None:
    settings = Settings(
        database_url="postgresql://a:hidden1@db/onemap",
        owner_database_url="postgresql://o:hidden2@db/onemap",
        tianditu_key=SecretStr("hidden3"),
    )
    assert "hidden" not in repr(settings)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_secrets_are_created_once_and_closed_to_others(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first = load_secrets(settings)
    assert load_secrets(settings) == first
    assert mode(settings.home) == 0o700
    assert mode(settings.home / SECRETS_FILE) == 0o600
    assert len(first.keys.ring().key.data) == len(first.keys.ring().key.index) == 32
    assert [path.name for path in settings.home.iterdir()] == [SECRETS_FILE]


def test_secrets_are_not_in_their_repr(tmp_path: Path) -> None:
    secrets = load_secrets(Settings(home=tmp_path))
    assert repr(secrets) == "Secrets()"


def test_secrets_opened_to_others_are_closed_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    load_secrets(settings)
    (tmp_path / SECRETS_FILE).chmod(0o644)
    load_secrets(settings)
    assert mode(tmp_path / SECRETS_FILE) == 0o600


def test_processes_that_race_agree_on_the_secrets(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    found: list[Secrets] = []
    threads = [threading.Thread(target=lambda: found.append(load_secrets(settings))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len({secrets.keys.ring().key.data for secrets in found}) == 1


def test_new_secrets_are_not_made_beside_an_existing_database(tmp_path: Path) -> None:
    (tmp_path / CLUSTER_RECORD_FILE).write_text("{}")
    with pytest.raises(SecretsMissingError):
        load_secrets(Settings(home=tmp_path))


def test_damaged_secrets_are_reported_without_quoting_them(tmp_path: Path) -> None:
    (tmp_path / SECRETS_FILE).write_text(json.dumps({"superuser_password": "hidden"}))
    with pytest.raises(SecretsUnreadableError) as caught:
        load_secrets(Settings(home=tmp_path))
    assert "hidden" not in str(caught.value)


def test_keys_in_the_environment_win_over_the_file(tmp_path: Path) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    secrets = load_secrets(Settings(home=tmp_path, data_key=SecretStr(key)))
    assert secrets.keys.ring().key.data == b"k" * 32
    assert secrets.keys.ring().key.index != b"k" * 32


def test_passwords_in_the_database_urls_win_over_the_file(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        database_url="postgresql://onemap_app:p%40ss@db/onemap",
        owner_database_url="postgresql://onemap_owner:word@db/onemap",
    )
    secrets = load_secrets(settings)
    assert (secrets.app_password, secrets.owner_password) == ("p@ss", "word")


def test_an_error_takes_both_titles_and_its_code_from_its_name_and_docstring() -> None:
    error = SecretsMissingError("detail", path="p")
    assert isinstance(error, OnemapError)
    assert (error.title_zh, error.title_en) == ("密钥文件丢失", "The secrets file is missing")
    assert error.code == "secrets-missing"
    assert error.facts == {"path": "p"}
    assert str(error) == "密钥文件丢失 / The secrets file is missing: detail"

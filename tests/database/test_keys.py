"""Key versions in the secrets file: upgraded in place, changed whole or not at all, seen by running processes."""

import base64
import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from database.installation.keys import Key, KeyRing, Suite
from database.installation.settings import SECRETS_FILE, SecretsUnreadableError, Settings, change_keys, load_secrets
from database.secrets.seal import Sealer
from database.secrets.sign import Signer


def with_new(ring: KeyRing, suite: Suite = Suite.V1) -> KeyRing:
    key = Key.fresh(ring.newest.version + 1, suite)
    return replace(ring, keys={**ring.keys, key.version: key}, current=key.version)


def old_file(home: Path) -> dict[str, str]:
    """As the releases before versions wrote it."""
    home.mkdir(exist_ok=True)
    content = {name: f"word-{name}" for name in ("superuser_password", "owner_password", "app_password")}
    content |= {name: base64.b64encode(name[:1].encode() * 32).decode() for name in ("data_key", "index_key")}
    (home / SECRETS_FILE).write_text(json.dumps(content))
    return content


def test_a_file_from_before_versions_is_read_as_version_one_and_not_written(tmp_path: Path) -> None:
    content = old_file(tmp_path)
    secrets = load_secrets(Settings(home=tmp_path))
    key = secrets.keys.ring().key
    assert (key.version, key.suite, key.data, key.index) == (1, Suite.V1, b"d" * 32, b"i" * 32)
    assert secrets.owner_password == "word-owner_password"
    assert json.loads((tmp_path / SECRETS_FILE).read_text()) == content


def test_the_first_change_upgrades_the_file_and_keeps_every_secret_closed_to_others(tmp_path: Path) -> None:
    content = old_file(tmp_path)
    settings = Settings(home=tmp_path)
    before = load_secrets(settings)
    change_keys(tmp_path, with_new)
    after = load_secrets(settings)
    assert (tmp_path / SECRETS_FILE).stat().st_mode & 0o777 == 0o600
    assert after == before and after.superuser_password == content["superuser_password"]
    ring = after.keys.ring()
    assert (ring.current, sorted(ring.keys)) == (2, [1, 2])
    assert ring.keys[1].data == b"d" * 32 and ring.unbound
    assert [path.name for path in tmp_path.iterdir()] == [SECRETS_FILE]


def test_plates_on_walls_and_keys_of_records_outlive_every_rotation(tmp_path: Path) -> None:
    old_file(tmp_path)
    settings = Settings(home=tmp_path)
    secrets = load_secrets(settings)
    signature = Signer.of_plates(secrets).sign(b"plate")
    assert secrets.plate_key == Signer.of_plates(secrets)._key
    record = Sealer.from_secrets(secrets).identity("33052119800101123X")
    assert record == Sealer.from_secrets(secrets).index("33052119800101123X"), "as the records of before have it"
    change_keys(tmp_path, lambda ring: with_new(ring, Suite.V2))
    change_keys(tmp_path, lambda ring: replace(ring, keys={2: ring.keys[2]}))
    later = load_secrets(settings)
    assert Signer.of_plates(later).is_signed(b"plate", signature)
    assert Sealer.from_secrets(later).identity("33052119800101123X") == record
    assert Sealer.from_secrets(later).index("33052119800101123X") != record


def test_a_running_sealer_learns_of_a_new_key_without_a_restart(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    running = Sealer.from_secrets(load_secrets(settings))
    old = running.seal("x", bound_to="here")
    change_keys(tmp_path, with_new)
    by_other = Sealer.from_secrets(load_secrets(settings)).seal("y", bound_to="here")
    assert running.unseal(by_other, bound_to="here") == "y"
    assert running.unseal(old, bound_to="here") == "x"


def test_a_file_that_vanishes_or_breaks_later_leaves_a_running_process_its_keys(tmp_path: Path) -> None:
    source = load_secrets(Settings(home=tmp_path)).keys
    ring = source.ring()
    (tmp_path / SECRETS_FILE).write_text("{")
    assert source.ring(now=True) == ring
    (tmp_path / SECRETS_FILE).unlink()
    assert source.ring(now=True) == ring


def test_the_suite_of_a_new_installation_is_the_one_of_the_settings(tmp_path: Path) -> None:
    assert load_secrets(Settings(home=tmp_path, crypto_suite="v2")).keys.ring().key.suite is Suite.V2


def test_keys_in_the_environment_stay_version_one_and_sign_the_same_plates(tmp_path: Path) -> None:
    index = SecretStr(base64.b64encode(b"e" * 32).decode())
    settings = Settings(home=tmp_path, index_key=index)
    plate = load_secrets(settings).plate_key
    change_keys(tmp_path, with_new)
    later = load_secrets(settings)
    assert later.plate_key == plate != load_secrets(Settings(home=tmp_path)).plate_key
    assert later.keys.ring().keys[1].index == b"e" * 32
    assert later.keys.ring().key.version == 2


@pytest.mark.parametrize(
    "damage",
    [
        {"current_key": 7},
        {"keys": {}},
        {"keys": {"1": {"suite": "v9", "data": "", "index": ""}}},
        {"keys": {"0": None}},
        {"record_key": None},
        {"plate_key": "short"},
        {"app_password": None},
    ],
)
def test_a_damaged_key_file_is_refused_without_quoting_it(tmp_path: Path, damage: dict[str, object]) -> None:
    settings = Settings(home=tmp_path)
    load_secrets(settings)
    path = tmp_path / SECRETS_FILE
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | damage))
    with pytest.raises(SecretsUnreadableError) as caught:
        load_secrets(settings)
    assert content["owner_password"] not in str(caught.value)
    with pytest.raises(SecretsUnreadableError):
        change_keys(tmp_path, with_new)


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    load_secrets(Settings(home=tmp_path))
    before = (tmp_path / SECRETS_FILE).read_bytes()

    def broken(_ring: KeyRing) -> KeyRing:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        change_keys(tmp_path, broken)
    assert (tmp_path / SECRETS_FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [SECRETS_FILE]


def _add(home: str) -> None:
    change_keys(Path(home), with_new)


def test_processes_that_add_keys_at_once_lose_none(tmp_path: Path) -> None:
    load_secrets(Settings(home=tmp_path))
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_add, [str(tmp_path)] * 12)
    assert sorted(load_secrets(Settings(home=tmp_path)).keys.ring().keys) == list(range(1, 14))


def test_no_key_appears_in_the_repr_of_a_ring() -> None:
    ring = KeyRing.of_first(b"d" * 32, b"i" * 32)
    assert "dddd" not in repr(ring) and "iiii" not in repr(ring)

"""Each service of the compose file knows only the passwords it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parent.parent / "deploy"
EXAMPLE = (DEPLOY / "onemap.env.example").read_text()
VALUES = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if re.match(r"[A-Z_]+=", line))
PASSWORDS = {"POSTGRES_PASSWORD", "ONEMAP_APP_PASSWORD", "ONEMAP_OWNER_PASSWORD"}


def services() -> dict[str, Any]:
    """The services, merged and filled from the example file as compose does."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
    return {name: _filled(service) for name, service in found.items()}


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)(?::[?-]([^}]*))?\}", lambda m: VALUES.get(m[1], m[2] or ""), value)
    return value


def passwords_in(service: Any) -> set[str]:
    """Which passwords reach a container, in whatever part of its description they stand."""
    return {name for name in PASSWORDS if VALUES[name] in repr(service)}


def test_the_example_names_every_password_and_each_is_another() -> None:
    assert {name for name in VALUES if "PASSWORD" in name} == PASSWORDS
    assert len({VALUES[name] for name in PASSWORDS}) == len(PASSWORDS)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("db", {"POSTGRES_PASSWORD"}),
        ("init", PASSWORDS),
        ("app", {"ONEMAP_APP_PASSWORD"}),
        ("worker", {"ONEMAP_APP_PASSWORD"}),
    ],
)
def test_a_service_gets_the_passwords_it_needs_and_no_other(service: str, expected: set[str]) -> None:
    assert passwords_in(services()[service]) == expected


def test_no_service_is_given_a_whole_file_that_holds_a_password() -> None:
    for name, service in services().items():
        files = service.get("env_file", [])
        assert all(file["path"] == "settings.env" for file in files), name
        assert "environment" in service, name
    assert set(services()) == {"db", "init", "app", "worker"}


def test_what_serves_signs_in_as_the_role_that_owns_nothing_and_may_not_gain_rights() -> None:
    for name in ("app", "worker"):
        service = services()[name]
        users = re.findall(r"postgresql://(\w+):", repr(service))
        assert users == ["onemap_app"]
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged") and "user" not in service

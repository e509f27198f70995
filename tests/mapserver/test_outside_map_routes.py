"""Base maps of other servers through this one: for who is signed in, as configured, the key in nobody's sight."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from database.installation.settings import Settings
from database.rights.scope import Role
from layers.outside.fetching import OutsideTiles
from layers.outside.sources import read_outside_maps
from layers.outside.tile_folder import KeptTiles
from tests.layers.outside.served import PNG, serving
from tests.mapserver.conftest import SignIn

TILE = "/tiles/330521/outside/tianditu-img/12/3412/1688"


def test_only_who_is_signed_in_gets_tiles_and_nobody_the_key(
    application: TestClient, stranger: TestClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = sign_in(Role.GRID_WORKER, "330521001001001")
    assert client.get("/api/330521/outside-maps").json()["items"] == []
    assert client.get(TILE).status_code == 404
    with serving() as server:
        settings = Settings(tianditu_key=SecretStr("the-key"), tianditu_url=server.url)
        monkeypatch.setattr(application.app.state, "outside_maps", read_outside_maps(settings))  # type: ignore[attr-defined]
        tiles = OutsideTiles(KeptTiles(tmp_path, max_mb=10, max_days=1))
        monkeypatch.setattr(application.app.state, "outside_tiles", tiles)  # type: ignore[attr-defined]
        assert stranger.get(TILE).status_code == 401
        assert client.get(TILE.replace("330521", "330522")).status_code in (403, 404)
        answer = client.get(TILE)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
        assert answer.headers["cache-control"].startswith("private")
        assert client.get(TILE.replace("/12/", "/19/")).status_code == 404
        assert client.get(TILE.replace("3412", "..%2f..%2fetc")).status_code == 404
        listed = client.get("/api/330521/outside-maps").text
        assert "tianditu-img" in listed and "the-key" not in listed and server.url not in listed
        assert len(server.requests) == 1

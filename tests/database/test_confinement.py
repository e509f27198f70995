"""A reader that has been taken over finds nothing: no secret, no file, no network, no other process, no more memory than its share."""

import os
import pwd
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from database.confinement.errors import ConfinedEnded, ConfinementIncomplete
from database.confinement.frames import FrameBroken, read_frame
from database.confinement.room import PROJECT, Room, _check_walls
from database.confinement.walls import Limits
from database.installation.settings import get_settings
from database.installation.workspace import FOLDER, make_workspace, sweep_workspaces, workspace

LIMITS = Limits(memory_mb=200, cpu_seconds=2, file_mb=8, answer_seconds=10)
LINUX = sys.platform == "linux"
PROBE = "tests.database.confined_probe"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a process a user of its own")


@pytest.fixture(
    params=["root", pytest.param("ordinary user", marks=pytest.mark.skipif(not LINUX, reason="namespaces"))]
)
def room(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    if request.param != "root" and os.geteuid() == 0:
        monkeypatch.setattr("database.confinement.room.os.geteuid", lambda: 1000)
    (tmp_path / "sent.txt").write_text("a row", encoding="utf-8")
    with Room(PROBE, {"input.txt": tmp_path / "sent.txt"}, {}, LIMITS) as opened:
        yield opened


def test_the_process_reads_its_own_file_and_no_other(room: Room, tmp_path: Path):
    assert room.ask({"ask": "read", "path": "input.txt"})[0] == {"got": "a row"}
    secret = tmp_path / "secret"
    secret.write_text("s", encoding="utf-8")
    secret.chmod(0o644)
    for path in (
        secret,
        Path("/etc/passwd"),
        Path("/proc/self/environ"),
        Path(f"/proc/{os.getpid()}/environ"),
        Path("../../secrets.json"),
        PROJECT / "README.md",
    ):
        assert "refused" in room.ask({"ask": "read", "path": str(path)})[0], path


def test_it_inherits_no_secret_and_no_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("ONEMAP_DATA_KEY", "ONEMAP_DATABASE_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "http_proxy"):
        monkeypatch.setenv(name, "hidden")
    with (tmp_path / "secret").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        with Room(PROBE, {}, {}, LIMITS) as room:
            environment = room.ask({"ask": "environ"})[0]["got"]
            assert len(room.ask({"ask": "descriptors"})[0]["got"]) == 2, "its two pipes and nothing else"
    assert "hidden" not in environment.values()
    assert not [name for name in environment if name.startswith(("ONEMAP", "PG"))]


def test_it_reaches_no_network_no_program_and_no_process(room: Room):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "refused" in room.ask({"ask": "connect", "port": server.getsockname()[1]})[0]
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    for question in ("run", "fork", "session"):
        assert "refused" in room.ask({"ask": question})[0], question
    for question in ("kill", "signal", "limit"):
        assert "refused" in room.ask({"ask": question, "pid": os.getpid()})[0], question
    assert room.ask({"ask": "thread"})[0] == {"got": "worked"}, "what a library needs is there"


@pytest.mark.parametrize(
    "walls",
    [[], ["limits", "privileges"], ["limits", "root", "user"], ["limits", "network", "calls"], ["limits", "files"]],
)
def test_where_the_kernel_raises_too_few_walls_nothing_is_read_unless_allowed(
    walls: list[str], monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(ConfinementIncomplete, match="Landlock"):
        _check_walls(walls)
    monkeypatch.setenv("ONEMAP_READER_WITHOUT_WALLS", "true")
    get_settings.cache_clear()
    _check_walls(walls)
    monkeypatch.undo()
    get_settings.cache_clear()
    for enough in (["root", "network"], ["files", "calls"]):
        _check_walls(enough)


LANDLOCKED = """
import sys
from pathlib import Path
from database.confinement import syscalls, walls
home, own = map(Path, sys.argv[1:])
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
stands = syscalls.restrict_files(walls.code_folders(home), [str(own)])
found = []
for path in (home / "secrets.json", home / "work" / "other" / "rows", home.parent / "beside", Path("/etc/passwd"), Path("/proc/self/environ")):
    try:
        found.append(path.read_bytes())
    except PermissionError:
        pass
import wave, sqlite3, xml.dom.minidom
(own / "new").write_text((own / "row").read_text())
print(stands, found)
"""


@pytest.mark.skipif(not LINUX, reason="Landlock")
def test_without_a_root_of_its_own_landlock_leaves_code_and_the_folder_alone(tmp_path: Path):
    home = tmp_path / "project" / ".onemap"
    own = home / "work" / "mine"
    other = home / "work" / "other"
    for folder in (own, other):
        folder.mkdir(parents=True)
    for path in (home / "secrets.json", own / "row", other / "rows", home.parent / "beside"):
        path.write_text("x", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}:{home.parent}"}
    command = [sys.executable, "-c", LANDLOCKED, str(home), str(own)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    if ran.stdout.startswith("False"):
        pytest.skip("this kernel has no Landlock")
    # the project folder is code, all but the home inside it
    assert ran.stdout.strip() == "True [b'x']"
    assert (own / "new").read_text(encoding="utf-8") == "x"


@as_root
def test_started_by_root_it_is_a_user_that_does_not_exist_in_a_root_of_its_own(tmp_path: Path):
    (tmp_path / "sent.txt").write_text("a row", encoding="utf-8")
    room = Room(PROBE, {"input.txt": tmp_path / "sent.txt"}, {}, LIMITS)
    real, effective, group, groups = room.ask({"ask": "user"})[0]["got"]
    assert real == effective == group != 0
    assert groups == []
    with pytest.raises(KeyError):
        pwd.getpwuid(real)
    assert room.ask({"ask": "folder", "path": "/"})[0]["got"] == ["input.txt"]


def test_too_much_memory_time_or_disk_ends_the_process_with_the_reason(tmp_path: Path):
    for question, why in (({"ask": "take", "mb": 400}, "memory"), ({"ask": "spin"}, "time"), ({"ask": "die"}, "crash")):
        with Room(PROBE, {}, {}, LIMITS) as room:
            with pytest.raises(ConfinedEnded) as caught:
                room.ask(question)
            assert caught.value.facts["why"] == why
    with Room(PROBE, {}, {}, LIMITS) as room:
        assert "refused" in room.ask({"ask": "write", "mb": 20})[0], "no file beyond its size"


def test_a_process_that_says_nothing_is_killed_by_the_clock(room: Room):
    with pytest.raises(ConfinedEnded) as caught:
        room.ask({"ask": "sleep", "seconds": 60}, 1)
    assert caught.value.facts["why"] == "time"
    room.close()
    assert not Path(f"/proc/{room.pid}").exists()


def test_the_folder_goes_with_the_process_also_when_nobody_closes_it(tmp_path: Path):
    room = Room(PROBE, {}, {}, LIMITS)
    folder, process = room.folder, room.pid
    assert folder.stat().st_mode & 0o777 == 0o700
    del room
    assert not folder.exists()
    assert not Path(f"/proc/{process}").exists()


@pytest.mark.skipif(not LINUX, reason="PR_SET_PDEATHSIG")
def test_it_dies_with_its_parent(tmp_path: Path):
    code = (
        "import os\nfrom database.confinement.room import Room\nfrom tests.database.test_confinement import LIMITS, PROBE\n"
        "room = Room(PROBE, {}, {}, LIMITS)\nprint(room.pid, flush=True)\nroom.send({'ask': 'sleep', 'seconds': 60})\nos._exit(9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "ONEMAP_HOME": str(tmp_path / "home")}
    parent = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    child = int(parent.stdout)
    for _ in range(200):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2][:3]:
            break
        threading.Event().wait(0.05)
    else:
        pytest.fail("the child outlives its parent")
    (left,) = (tmp_path / "home" / FOLDER).iterdir()
    assert sweep_workspaces(tmp_path / "home") == 1, "what it left is swept at the next start"
    assert not left.exists()


def test_a_frame_that_claims_too_much_is_no_frame():
    ours, theirs = os.pipe()
    os.write(theirs, b"\xff\xff\xff\xff" + b"\xff" * 8)
    with pytest.raises(FrameBroken):
        read_frame(ours, 1)
    os.write(theirs, b"\0\0\0\2" + b"\0" * 8 + b"[]")
    with pytest.raises(FrameBroken):
        read_frame(ours, 1)
    os.close(theirs)
    os.close(ours)


def test_a_workspace_is_private_and_the_living_are_not_swept(tmp_path: Path):
    home = get_settings().home
    with workspace("test") as folder:
        assert folder.is_relative_to(home / FOLDER)
        assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
        (folder / "rows").write_text("x", encoding="utf-8")
        sweep_workspaces(home)
        assert folder.exists()
    assert not folder.exists()
    reused = make_workspace("test")
    older = reused.with_name(reused.name.replace(f"-{os.getpid()}-", f"-{os.getpid()}-1"))
    reused.rename(older)
    sweep_workspaces(home)
    assert not older.exists(), "a number used again is another process"

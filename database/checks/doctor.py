"""Checks of this machine and this installation. Pure facts; the command line prints them.

Another floor adds its own checks by passing them to `run_checks(settings, extra=…)`.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from database.embedded.binaries import APT_COMMAND, MINIMUM_MAJOR, list_binaries
from database.embedded.cluster import EmbeddedCluster
from database.installation.settings import CLUSTER_RECORD_FILE, SECRETS_FILE, Settings

_MINIMUM_FREE_GB = 5
_GIGABYTE = 1024**3
_SETUP = "scripts/setup"


@dataclass(frozen=True)
class CheckResult:
    """One finding. command: the exact command that mends it, empty when ok.

    required: onemap cannot run without it.
    """

    name_zh: str
    name_en: str
    ok: bool
    message: str
    command: str = ""
    required: bool = True


Check = Callable[[Settings], CheckResult]


def run_checks(settings: Settings, *, extra: Iterable[Check] = ()) -> list[CheckResult]:
    """Run every check. A check that raises becomes a failed result; nothing is started or created."""
    return [_run_one(check, settings) for check in (*CHECKS, *extra)]


def check_python(settings: Settings) -> CheckResult:  # noqa: ARG001 - every check has one signature
    """Python is 3.11 or later."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    return _result("Python 版本", "Python version", ok, version, "sudo apt-get install python3 python3-venv")


def check_packages(settings: Settings) -> CheckResult:  # noqa: ARG001
    """The installed Python packages are those of requirements.txt, to the version."""
    path = Path(__file__).resolve().parent.parent.parent / "requirements.txt"
    if not path.exists():
        return _result("Python 依赖", "Python packages", True, "requirements.txt 不在此处 / not here")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", path.read_text("utf-8"), re.MULTILINE)
    wrong = [f"{name} {version}" for name, version in pinned if _installed_version(name) != version]
    message = ", ".join(wrong[:8]) if wrong else f"{len(pinned)} 个 / packages"
    return _result("Python 依赖", "Python packages", not wrong, message, f"rm -f .venv/*.stamp; {_SETUP}")


def check_postgres(settings: Settings) -> CheckResult:
    """PostgreSQL 15 or later is installed, or a server is given."""
    names = ("PostgreSQL 程序", "PostgreSQL programs")
    if settings.database_url is not None:
        return _result(*names, True, "使用外部服务器 / an external server is used")
    servers = [server for server in list_binaries(settings.postgres_bin) if server.major >= MINIMUM_MAJOR]
    found = ", ".join(f"{server.major} ({server.folder})" for server in servers)
    return _result(*names, bool(servers), found or "未找到 / none found", APT_COMMAND)


def check_postgis(settings: Settings) -> CheckResult:
    """PostGIS belongs to one of the installed servers."""
    names = ("PostGIS 扩展", "PostGIS extension")
    if settings.database_url is not None:
        return _result(*names, True, "使用外部服务器 / an external server is used")
    servers = [server for server in list_binaries(settings.postgres_bin) if server.major >= MINIMUM_MAJOR]
    usable = [str(server.major) for server in servers if server.has_postgis]
    major = servers[0].major if servers else MINIMUM_MAJOR
    command = f"sudo apt-get install postgresql-{major}-postgis-3"
    return _result(*names, bool(usable), ", ".join(usable) or "未找到 / none found", command)


def check_node(settings: Settings) -> CheckResult:  # noqa: ARG001
    """Node 20 or later is there to build the web app: the system's, or the wheel in the venv."""
    names = ("Node（构建前端）", "Node (builds the web app)")
    private = Path(sys.prefix) / "bin" / "node"
    program = str(private) if private.exists() else shutil.which("node")
    version = _version_of(program)
    ok = version is not None and int(version.split(".")[0]) >= 20
    return _result(*names, ok, version or "未找到 / none found", _SETUP, required=False)


def check_chromium(settings: Settings) -> CheckResult:  # noqa: ARG001
    """A Chromium for the browser tests; onemap itself does not need it."""
    names = ("Chromium（仅测试）", "Chromium (tests only)")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    command = "sudo apt-get install chromium"
    return _result(*names, found is not None, found or "未找到 / none found", command, required=False)


def check_fonts(settings: Settings) -> CheckResult:  # noqa: ARG001
    """A Chinese font, for maps drawn on this machine."""
    folder = Path("/usr/share/fonts")
    pattern = re.compile(r"(cjk|wqy|sourcehan|droidsansfallback|simsun|msyh|uming|ukai)", re.IGNORECASE)
    names = (path.name for path in folder.rglob("*") if path.suffix.lower() in {".ttc", ".ttf", ".otf"})
    found = next((name for name in names if pattern.search(name)), None)
    message, command = found or "未找到 / none found", "sudo apt-get install fonts-noto-cjk"
    return _result("中文字体", "Chinese fonts", found is not None, message, command, required=False)


def check_disk(settings: Settings) -> CheckResult:
    """At least 5 GB are free where the data is kept."""
    place = settings.home
    while not place.exists():
        place = place.parent
    free_gb = shutil.disk_usage(place).free / _GIGABYTE
    ok = free_gb >= _MINIMUM_FREE_GB
    message = f"{free_gb:.1f} GB 可用 / free ({place})"
    return _result("磁盘空间", "Disk space", ok, message, f"du -xh {place} | sort -h | tail -n 20")


def check_secrets(settings: Settings) -> CheckResult:
    """The secrets file is there once data is, and nobody else may read it."""
    path = settings.home / SECRETS_FILE
    names = ("密钥文件", "Secrets file")
    if not path.exists():
        lost = (settings.home / CLUSTER_RECORD_FILE).exists()
        message = (
            "丢失，请从备份恢复 / lost, restore it from a backup" if lost else "首次启动时创建 / made at first start"
        )
        return _result(*names, not lost, message, f"cp BACKUP/{SECRETS_FILE} {path} && chmod 600 {path}")
    file_mode, home_mode = path.stat().st_mode & 0o777, settings.home.stat().st_mode & 0o777
    ok = file_mode & 0o077 == 0 and home_mode & 0o066 == 0
    message = f"{oct(file_mode)[2:]}, {oct(home_mode)[2:]} ({settings.home})"
    return _result(*names, ok, message, f"chmod 600 {path}; chmod go-rw {settings.home}")


def check_database(settings: Settings) -> CheckResult:
    """The database answers (external), or its state (embedded: it may well be stopped)."""
    if settings.database_url is not None:
        return _check_external(settings.database_url)
    status = EmbeddedCluster(settings.home, postgres_bin=settings.postgres_bin).status()
    words = {
        "absent": "尚未创建，首次启动时创建 / not made yet, made at first start",
        "stopped": "已停止，使用时启动 / stopped, started when used",
        "starting": "正在启动或恢复 / starting or recovering",
        "running": "正在运行 / running",
    }
    fits = status.major is None or any(s.major == status.major for s in list_binaries(settings.postgres_bin))
    version = "" if status.major is None else f" (PostgreSQL {status.major}, {status.data_dir})"
    command = f"sudo apt-get install postgresql-{status.major} postgresql-{status.major}-postgis-3"
    return _result("内置数据库", "Embedded database", fits, words[status.state] + version, command)


CHECKS: tuple[Check, ...] = (
    check_python,
    check_packages,
    check_postgres,
    check_postgis,
    check_node,
    check_chromium,
    check_fonts,
    check_disk,
    check_secrets,
    check_database,
)


def _check_external(url: str) -> CheckResult:
    names = ("外部数据库", "External database")
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version_num')::int / 10000, rolsuper OR rolbypassrls, "
                "(SELECT extversion FROM pg_extension WHERE extname = 'postgis') "
                "FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        reason = type(error).__name__  # the text of the error may quote the URL
        return _result(*names, False, f"无法连接 / cannot connect ({reason})", "onemap database init")
    major, mighty, postgis = row or (0, True, None)
    if mighty:
        message = "应用账号可绕过行级安全 / the application role bypasses row-level security"
        return _result(*names, False, message, "onemap database init")
    ok = major >= MINIMUM_MAJOR and postgis is not None
    return _result(*names, ok, f"PostgreSQL {major}, PostGIS {postgis or '–'}", "onemap database init")


def _run_one(check: Check, settings: Settings) -> CheckResult:
    try:
        return check(settings)
    except Exception as error:  # a doctor does not fall ill
        name = check.__name__.removeprefix("check_").replace("_", " ")
        return CheckResult(name, name, False, f"检查出错 / the check failed: {error}", command="")


def _result(
    name_zh: str, name_en: str, ok: bool, message: str, command: str = "", *, required: bool = True
) -> CheckResult:
    return CheckResult(name_zh, name_en, ok, message, "" if ok else command, required)


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _version_of(program: str | None) -> str | None:
    if program is None or not os.access(program, os.X_OK):
        return None
    finished = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    return finished.stdout.strip().removeprefix("v") or None

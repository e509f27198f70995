"""Settings from `ONEMAP_…` environment variables, and the secrets kept beside the data."""

import contextlib
import fcntl
import json
import os
import secrets as random_source
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from limits import parse
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from database.errors import Unavailable
from database.installation.keys import KeyRing, KeySource, SecretsDocument, Suite, decode
from database.rights.scope import Role

SECRETS_FILE = "secrets.json"
CLUSTER_RECORD_FILE = "cluster.json"


class SecretsMissingError(Unavailable):
    """密钥文件丢失 | The secrets file is missing"""


class SecretsUnreadableError(Unavailable):
    """密钥文件无法读取 | The secrets file cannot be read"""


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - symbolic links stay as written


def _postgres_url(url: str | None) -> str | None:
    if url is None or url == "":
        return None
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("须以 postgresql:// 开头 / must start with postgresql://")
    return "postgresql://" + url.split("://", 1)[1]


def _public_url(url: str | None) -> str | None:
    """``https://map.example.gov.cn``, lower case, without a slash at the end."""
    if not url:
        return None
    parts = urlsplit(url.strip().lower().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        raise ValueError(
            "须如 https://map.example.gov.cn，不带路径 / must look like https://map.example.gov.cn, without a path"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _networks(value: object) -> object:
    """``10.0.0.1, 10.1.0.0/16`` as networks."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("须是用逗号分隔的网络地址 / must be network addresses separated by commas")
    return tuple(ip_network(str(part).strip(), strict=False) for part in parts if str(part).strip())


def _rate(written: str) -> str:
    parse(written)  # raises ValueError, which names the text
    return written


PublicUrl = Annotated[str | None, AfterValidator(_public_url)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]
Rate = Annotated[str, AfterValidator(_rate)]
PostgresUrl = Annotated[str | None, AfterValidator(_postgres_url)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


def _split(roles: object) -> object:
    return [role.strip() for role in roles.split(",") if role.strip()] if isinstance(roles, str) else roles


Roles = Annotated[tuple[Role, ...], NoDecode, BeforeValidator(_split)]


def _requests_at_once() -> int:
    """More threads than this do no more work; they only keep the event loop from the interpreter."""
    return min(10, max(5, 2 * (os.cpu_count() or 1) + 1))


def _processes() -> int:
    return max(1, min(4, (os.cpu_count() or 1) // 2))


class Settings(BaseSettings):
    """Everything an administrator may set. Each field is the variable `ONEMAP_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_", extra="ignore", frozen=True)

    home: AbsolutePath = Field(
        default_factory=lambda: Path.cwd() / ".onemap",
        description="Folder of the embedded database, secrets and files.",
    )
    shared_data: AbsolutePath = Field(
        default_factory=lambda: _absolute(Path("../shared/data")),
        description="Real data beside the project, read by tests and benchmarks only.",
    )

    database_url: PostgresUrl = Field(
        None, repr=False, description="Server to use as onemap_app; unset means the embedded cluster."
    )
    owner_database_url: PostgresUrl = Field(
        None, repr=False, description="The same server as onemap_owner; migrations need it."
    )
    postgres_bin: AbsolutePath | None = Field(
        None, description="Folder of initdb and pg_ctl for the embedded cluster; unset means search."
    )
    embedded_fsync: bool = Field(True, description="off: faster and unsafe, for tests of the embedded cluster only.")
    pool_size: int = Field(
        default_factory=_requests_at_once,
        ge=1,
        le=200,
        description="Requests that may use the database at the same time, all processes of the server together, but two in each; "
        "look-ups, uploads and background work have a few connections of their own. Unset means two a processor and one, 5 to 10.",
    )
    queue_length: int = Field(
        256, ge=0, description="Requests that may wait for a connection; one more is answered 503 at once."
    )
    queue_seconds: float = Field(
        2.5, gt=0, le=60, description="How long a request waits for a connection before it is answered 503."
    )
    uploads_at_once: int = Field(
        2, ge=1, le=20, description="Uploads and large downloads the server works on at once, but one in each process."
    )
    request_statement_seconds: float = Field(
        20, gt=0, description="Longest statement of an ordinary request; one that takes longer is answered 503."
    )
    tile_statement_seconds: float = Field(10, gt=0, description="Longest statement of a map tile.")
    job_statement_seconds: float = Field(
        3600, gt=0, description="Longest statement of an import, an export, a command or a background job."
    )
    request_lock_seconds: float = Field(3, gt=0, description="How long a request waits for a lock of another one.")
    job_lock_seconds: float = Field(60, gt=0, description="How long an import or a background job waits for a lock.")
    request_idle_seconds: float = Field(
        60, gt=0, description="How long a transaction of a request may do nothing before the database ends it."
    )
    job_idle_seconds: float = Field(
        3600, gt=0, description="How long a transaction of an import or a background job may do nothing."
    )

    stop_seconds: int = Field(
        10,
        ge=0,
        description="How long a stop waits for requests and jobs under way, imports included; what takes longer is rolled back.",
    )

    tile_cache_mb: int = Field(64, ge=0, description="Finished map tiles kept in memory by one process, in megabytes.")

    workers: int = Field(
        default_factory=_processes,
        ge=1,
        le=64,
        description="Processes of the web server, behind one port; one more works off the job queue. Unset means one for two processors, the other "
        "being the database's, at most 4. The embedded database has connections for 8.",
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the web server listens on.")
    public_url: PublicUrl = Field(
        None,
        description="Address under which users reach the map, such as https://map.example.gov.cn; links are made from it, and "
        "requests for other hosts are refused. Unset means the address the request arrived at.",
    )
    trusted_proxies: Networks = Field(
        (),
        description="Addresses or networks of reverse proxies, separated by commas, whose X-Forwarded-For is believed; "
        "default none.",
    )
    requests_per_account: Rate = Field("1200/minute", description="Requests of one account, tiles apart.")
    requests_per_address: Rate = Field(
        "6000/minute", description="Requests from one network address, tiles and files of the web app apart."
    )
    strangers_per_address: Rate = Field(
        "600/minute", description="Requests without a valid session or token from one network address."
    )
    scans_per_address: Rate = Field(
        "60/minute", description="Door plates (`/p/…`) opened without signing in from one network address."
    )
    tiles_per_second: int = Field(500, ge=1, description="Map tiles within a second for one session or token.")
    streams_per_account: int = Field(
        8, ge=1, description="Open streams of changes (server-sent events) of one account."
    )
    body_kb: int = Field(1024, ge=16, description="Largest body of an ordinary request, in kilobytes.")
    body_seconds: float = Field(
        15, gt=0, description="How long the next piece of a body may take before the request is ended."
    )
    cookie_secure: bool | None = Field(
        None, description="Send the session cookie over HTTPS only; unset means when public_url is https."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    request_log: bool = Field(
        False,
        description="Write a line for every request: method, route, status, time, bytes; nothing that came with it.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Who sends it as `Authorization: Bearer …` is given the counts of requests at /metrics. Unset means nobody.",
    )
    max_upload_mb: int = Field(1024, ge=1, description="Largest file that may be uploaded, in megabytes.")
    rasters: AbsolutePath | None = Field(None, description="Folder of rasters; unset means `rasters` below home.")
    max_raster_mb: int = Field(20480, ge=1, description="Largest raster, unpacked, in megabytes.")

    max_unpacked_mb: int = Field(
        4096, ge=1, description="Largest content of a compressed upload (zip, xlsx, gzip), in megabytes."
    )
    reader_memory_mb: int = Field(
        2048, ge=128, description="Memory the process that reads an uploaded table may take, in megabytes."
    )
    reader_seconds: int = Field(
        300, ge=5, description="Seconds the process that reads an uploaded table has for each answer."
    )
    reader_processes: int = Field(
        4, ge=1, description="Files that the server reads at the same time, but one in each process."
    )
    reader_without_walls: bool = Field(
        False,
        description="Read uploads also where the kernel keeps a reader neither from other files nor from the network.",
    )
    raster_memory_mb: int = Field(
        4096, ge=512, description="Memory the process that converts a raster may take, in megabytes."
    )
    raster_minutes: int = Field(240, ge=1, description="Longest conversion of a raster, in minutes.")

    session_idle_minutes: int = Field(30, ge=1, description="A session ends after this long without a request.")
    session_hours: int = Field(12, ge=1, description="A session ends after this long in any case.")
    session_limit: int = Field(5, ge=1, description="Sessions one account may hold at the same time.")
    lockout_attempts: int = Field(
        5, ge=1, description="Wrong passwords for one name from one address before that address has to wait."
    )
    lockout_minutes: int = Field(
        15, ge=1, description="The longest wait between two tries; it begins at half a minute and doubles."
    )
    sign_in_failures_per_minute: int = Field(
        30, ge=5, description="Failed sign-ins from one address within a minute before the address has to wait."
    )
    password_min_length: int = Field(10, ge=8, description="Shortest password an account may have.")
    password_history: int = Field(5, ge=0, description="How many earlier passwords may not be used again.")
    password_max_days: int = Field(0, ge=0, description="A password must be changed after so many days; 0 means never.")
    second_factor_roles: Roles = Field(
        (),
        description="Roles that must sign in with a second factor, separated by commas, for example "
        "county_admin,gis_staff,system_admin,security_admin,auditor.",
    )

    audit_anchor_folder: AbsolutePath | None = Field(
        None, description="Folder of the daily heads of the audit trail, better on another machine; unset: below home."
    )
    audit_anchor_hash: Literal["sha256", "sm3"] = Field(
        "sha256", description="Digest of the lines of heads: sha256, or sm3 (GB/T 32905)."
    )
    second_person_hours: float = Field(
        24.0, gt=0, le=24 * 31, description="Hours over which the addresses a village loses are counted together."
    )
    look_window_hours: int = Field(24, ge=1, description="Looks at personal data are counted over so many hours.")
    look_misses_without_purpose: int = Field(
        3, ge=0, description="Searches by number that may find nobody before a purpose must be stated."
    )
    look_misses: int = Field(15, ge=1, description="Searches by number that may find nobody in the window.")
    look_misses_30_days: int = Field(60, ge=1, description="Searches by number that may find nobody in 30 days.")
    look_numbers: int = Field(200, ge=1, description="Searches by number in the window, found or not.")
    look_names: int = Field(300, ge=1, description="Searches by name in the window.")
    look_reveals: int = Field(100, ge=1, description="Whole numbers one account may see in the window.")
    look_checks: int = Field(
        30,
        ge=1,
        description="Files of ID numbers one account may compare with the county in the window, published or not.",
    )
    looks_per_minute: int = Field(60, ge=1, description="Looks at personal data by one account in a minute.")

    tianditu_key: SecretStr | None = Field(None, description="Key of the optional Tianditu (天地图) base map.")
    tianditu_url: str = Field(
        "https://t0.tianditu.gov.cn",
        pattern=r"^https?://[^/@?#\s]+$",
        description="Server of Tianditu, or of its mirror in the network.",
    )
    outside_maps: AbsolutePath | None = Field(
        None, description="TOML file of other outside base maps (WMTS, XYZ); unset: none. It may hold keys: mode 0600."
    )
    outside_cache_mb: int = Field(1024, ge=1, description="Tiles of outside base maps kept on disk, in megabytes.")
    outside_days: float = Field(
        30.0, gt=0, description="A kept tile of an outside map is asked for again after so many days."
    )
    crypto_suite: Suite = Field(
        Suite.V1,
        description="Ciphers of the next key version: v1 AES-256-GCM and HMAC-SHA-256, v2 SM4-GCM and HMAC-SM3 (商用密码).",
    )
    data_key: SecretStr | None = Field(
        None, description="Base64 of 32 bytes; replaces the data key of version 1 in secrets.json on every machine."
    )
    index_key: SecretStr | None = Field(
        None, description="Base64 of 32 bytes; replaces the index key of version 1 in secrets.json on every machine."
    )
    plate_key: SecretStr | None = Field(
        None,
        description="Base64 of 32 bytes; signs the QR codes of door plates. Unset means the one in secrets.json.",
    )

    @property
    def is_https(self) -> bool:
        """The public address is https: browsers are told to come no other way."""
        return (self.public_url or "").lower().startswith("https://")

    @property
    def secure_cookies(self) -> bool:
        """Cookies travel over HTTPS only."""
        return self.is_https if self.cookie_secure is None else self.cookie_secure

    @property
    def rasters_folder(self) -> Path:
        """The folder of rasters, one folder a county inside; absolute."""
        return self.rasters or self.home / "rasters"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once. Tests call `get_settings.cache_clear()`."""
    return Settings()


@dataclass(frozen=True)
class Secrets:
    """Passwords and keys of one installation. None of them appears in repr or in a log.

    keys: every key version; they follow the file while the process runs.
    """

    superuser_password: str = field(repr=False)
    owner_password: str = field(repr=False)
    app_password: str = field(repr=False)
    keys: KeySource = field(repr=False, compare=False)

    @property
    def plate_key(self) -> bytes:
        """32 bytes that sign door plates; the same for good, whatever is rotated: plates stand on walls."""
        return self.keys.ring().plate


def load_secrets(settings: Settings) -> Secrets:
    """The secrets in `home/secrets.json`, created on first use (file 0600, folder 0700).

    Keys, and passwords in database URLs, given in the environment win over the file. Raises
    SecretsMissingError when a database exists but its secrets do not, SecretsUnreadableError when the file
    is damaged or belongs to somebody else.
    """
    stored = load_home_secrets(settings.home, settings.crypto_suite)
    data, index, plate = (
        decode(key.get_secret_value()) if key else None
        for key in (settings.data_key, settings.index_key, settings.plate_key)
    )
    path = settings.home / SECRETS_FILE
    return Secrets(
        superuser_password=stored.superuser_password,
        owner_password=_password_in(settings.owner_database_url) or stored.owner_password,
        app_password=_password_in(settings.database_url) or stored.app_password,
        keys=KeySource(path, lambda: KeyRing.from_json(read_secrets_file(path)).with_first(data, index, plate)),
    )


def load_home_secrets(home: Path, suite: Suite = Suite.V1) -> Secrets:
    """The secrets of one home folder, created on first use; several processes may race, one wins.

    suite: of the first key, when they are created.
    """
    path = home / SECRETS_FILE
    if not path.exists():
        if (home / CLUSTER_RECORD_FILE).exists():
            raise SecretsMissingError(
                f"数据库已存在，但缺少 {path}；没有它，加密的数据无法读取。请从备份恢复该文件。 / "
                f"A database exists but {path} does not; encrypted data cannot be read without it. "
                "Restore that file from a backup.",
                path=str(path),
            )
        passwords = ("superuser_password", "owner_password", "app_password")
        content = {name: random_source.token_urlsafe(32) for name in passwords} | KeyRing.fresh(suite).to_json()
        prepare_home(home)
        with _draft(path, content) as draft, contextlib.suppress(FileExistsError):
            os.link(draft, path)  # unless another process was first; its secrets count
    content = read_secrets_file(path)
    return Secrets(
        superuser_password=str(content["superuser_password"]),
        owner_password=str(content["owner_password"]),
        app_password=str(content["app_password"]),
        keys=KeySource(path, lambda: KeyRing.from_json(read_secrets_file(path))),
    )


def prepare_home(home: Path) -> None:
    """Create the home folder, closed to other users."""
    if not home.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)


def change_keys(home: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Write changed keys into the secrets file, whole or not at all; one process after the other. Returns them.

    The keys of before versions leave the file at the first change. Raises SecretsUnreadableError.
    """
    path = home / SECRETS_FILE
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_ino != path.stat().st_ino:  # another process was first and put a new file there
            return change_keys(home, change)
        content = read_secrets_file(path)
        ring = change(KeyRing.from_json(content))
        others = {name: value for name, value in content.items() if name not in ("data_key", "index_key")}
        with _draft(path, others | ring.to_json()) as draft:
            draft.replace(path)
        folder = os.open(home, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return ring


@contextlib.contextmanager
def _draft(path: Path, content: SecretsDocument) -> Iterator[Path]:
    """A closed file beside the path, on the disk; gone afterwards unless it was moved."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{random_source.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _give_to_owner_of(path.parent, draft)
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """Root working in an ordinary user's folder leaves files that user can read."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def read_secrets_file(path: Path) -> SecretsDocument:
    """The content, looked through. Raises SecretsUnreadableError, which quotes nothing of it."""
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        content: SecretsDocument = json.loads(path.read_text(encoding="ascii"))
        KeyRing.from_json(content)
        if not all(isinstance(content[f"{role}_password"], str) for role in ("superuser", "owner", "app")):
            raise ValueError("a password is a text")
        return content
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SecretsUnreadableError(
            f"{path} 已损坏或属于其他用户；请从备份恢复，或用创建它的用户运行。 / "
            f"{path} is damaged or belongs to another user; restore it from a backup, or run as the user "
            "who made it.",
            path=str(path),
            reason=type(error).__name__,
        ) from None


def _password_in(url: str | None) -> str | None:
    return unquote(urlsplit(url).password or "") if url else None

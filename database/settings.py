"""Settings from `ONEMAP_…` environment variables, and the secrets kept beside the data."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets as random_source
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from database.errors import OnemapError

SECRETS_FILE = "secrets.json"
CLUSTER_RECORD_FILE = "cluster.json"
_KEY_BYTES = 32


class SecretsMissingError(OnemapError):
    """密钥文件丢失 | The secrets file is missing"""


class SecretsUnreadableError(OnemapError):
    """密钥文件无法读取 | The secrets file cannot be read"""


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - symbolic links stay as written


def _postgres_url(url: str | None) -> str | None:
    if url is None or url == "":
        return None
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("须以 postgresql:// 开头 / must start with postgresql://")
    return "postgresql://" + url.split("://", 1)[1]


PostgresUrl = Annotated[str | None, AfterValidator(_postgres_url)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


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
    pool_size: int = Field(10, ge=1, le=200, description="Database connections of one process.")

    tile_cache_mb: int = Field(64, ge=0, description="Finished map tiles kept in memory by one process, in megabytes.")

    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the web server listens on.")
    cookie_secure: bool = Field(False, description="Send the session cookie over HTTPS only.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
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
    reader_processes: int = Field(4, ge=1, description="Files that one process of the server reads at the same time.")
    raster_memory_mb: int = Field(
        4096, ge=512, description="Memory the process that converts a raster may take, in megabytes."
    )
    raster_minutes: int = Field(240, ge=1, description="Longest conversion of a raster, in minutes.")

    session_idle_minutes: int = Field(30, ge=1, description="A session ends after this long without a request.")
    session_hours: int = Field(12, ge=1, description="A session ends after this long in any case.")
    session_limit: int = Field(5, ge=1, description="Sessions one account may hold at the same time.")
    lockout_attempts: int = Field(5, ge=1, description="Wrong passwords before an account is locked.")
    lockout_minutes: int = Field(15, ge=1, description="How long a locked account stays locked.")
    password_min_length: int = Field(10, ge=8, description="Shortest password an account may have.")

    tianditu_key: SecretStr | None = Field(None, description="Key of the optional Tianditu (天地图) base map.")
    data_key: SecretStr | None = Field(
        None, description="Base64 of 32 bytes; replaces the data key in secrets.json on every machine."
    )
    index_key: SecretStr | None = Field(
        None, description="Base64 of 32 bytes; replaces the index key in secrets.json on every machine."
    )
    plate_key: SecretStr | None = Field(
        None,
        description="Base64 of 32 bytes; signs the QR codes of door plates. Unset means derived from the index key.",
    )

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

    data_key: 32 bytes for AES-GCM. index_key: 32 bytes for the HMAC of searchable personal fields.
    own_plate_key: 32 bytes that sign door plates, when they are given in the environment.
    """

    superuser_password: str = field(repr=False)
    owner_password: str = field(repr=False)
    app_password: str = field(repr=False)
    data_key: bytes = field(repr=False)
    index_key: bytes = field(repr=False)
    own_plate_key: bytes | None = field(default=None, repr=False)

    @property
    def plate_key(self) -> bytes:
        """32 bytes that sign door plates. Plates on walls outlive machines: keep this key, or the index key, for good."""
        return self.own_plate_key or hmac.new(self.index_key, b"onemap door plates", hashlib.sha256).digest()


def load_secrets(settings: Settings) -> Secrets:
    """The secrets in `home/secrets.json`, created on first use (file 0600, folder 0700).

    Keys, and passwords in database URLs, given in the environment win over the file. Raises
    SecretsMissingError when a database exists but its secrets do not, SecretsUnreadableError when the file
    is damaged or belongs to somebody else.
    """
    stored = load_home_secrets(settings.home)
    return Secrets(
        superuser_password=stored.superuser_password,
        owner_password=_password_in(settings.owner_database_url) or stored.owner_password,
        app_password=_password_in(settings.database_url) or stored.app_password,
        data_key=_decode_key(settings.data_key.get_secret_value()) if settings.data_key else stored.data_key,
        index_key=_decode_key(settings.index_key.get_secret_value()) if settings.index_key else stored.index_key,
        own_plate_key=_decode_key(settings.plate_key.get_secret_value()) if settings.plate_key else None,
    )


def load_home_secrets(home: Path) -> Secrets:
    """The secrets of one home folder, created on first use; several processes may race, one wins."""
    path = home / SECRETS_FILE
    if not path.exists():
        if (home / CLUSTER_RECORD_FILE).exists():
            raise SecretsMissingError(
                f"数据库已存在，但缺少 {path}；没有它，加密的数据无法读取。请从备份恢复该文件。 / "
                f"A database exists but {path} does not; encrypted data cannot be read without it. "
                "Restore that file from a backup.",
                path=str(path),
            )
        _create_secrets_file(path)
    return _read_secrets_file(path)


def prepare_home(home: Path) -> None:
    """Create the home folder, closed to other users."""
    if not home.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)


def _create_secrets_file(path: Path) -> None:
    prepare_home(path.parent)
    content = {
        "superuser_password": random_source.token_urlsafe(32),
        "owner_password": random_source.token_urlsafe(32),
        "app_password": random_source.token_urlsafe(32),
        "data_key": base64.b64encode(random_source.token_bytes(_KEY_BYTES)).decode(),
        "index_key": base64.b64encode(random_source.token_bytes(_KEY_BYTES)).decode(),
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}.{random_source.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _give_to_owner_of(path.parent, draft)
        with contextlib.suppress(FileExistsError):  # another process was first; its secrets count
            os.link(draft, path)
    finally:
        draft.unlink()


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """Root working in an ordinary user's folder leaves files that user can read."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _read_secrets_file(path: Path) -> Secrets:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        content = json.loads(path.read_text(encoding="ascii"))
        return Secrets(
            superuser_password=str(content["superuser_password"]),
            owner_password=str(content["owner_password"]),
            app_password=str(content["app_password"]),
            data_key=_decode_key(content["data_key"]),
            index_key=_decode_key(content["index_key"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SecretsUnreadableError(
            f"{path} 已损坏或属于其他用户；请从备份恢复，或用创建它的用户运行。 / "
            f"{path} is damaged or belongs to another user; restore it from a backup, or run as the user "
            "who made it.",
            path=str(path),
            reason=type(error).__name__,
        ) from None


def _password_in(url: str | None) -> str | None:
    return unquote(urlsplit(url).password or "") if url else None


def _decode_key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError("a key is 32 bytes in base64")
    return key

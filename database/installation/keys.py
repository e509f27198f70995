"""The keys of an installation, by version: what sealed values are made and opened with.

A version is one suite with one data key and one index key, and never changes. One version is current: new values are made with
it. The others still open what they made, until ``onemap keys rotate`` has made everything anew and ``onemap keys retire``
takes them away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from database.errors import OnemapError

#: JSON document: ``secrets.json``, the passwords of the database's roles and the keys of `KeyRing.to_json`, or those keys alone
SecretsDocument = dict[str, Any]

KEY_BYTES = 32
_LOOK_EVERY_S = 0.05


class Suite(StrEnum):
    """The ciphers of a key version. v2 is what GB/T 39786 asks for: GM/T 0002 (SM4) and GM/T 0004 (SM3)."""

    V1 = "v1"  # AES-256-GCM, HMAC-SHA-256
    V2 = "v2"  # SM4-GCM, HMAC-SM3


@dataclass(frozen=True)
class Key:
    """One version. data: seals and opens. index: makes the columns to search by. 32 bytes each."""

    version: int
    suite: Suite
    data: bytes = field(repr=False)
    index: bytes = field(repr=False)

    @classmethod
    def fresh(cls, version: int, suite: Suite) -> Key:
        """A new random version."""
        return cls(version, suite, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))


@dataclass(frozen=True)
class KeyRing:
    """Every version that is known.

    record: makes keys of records out of personal numbers; it stays for good, so that a file that comes again finds its
    records after any rotation. plate: signs door plates; it stays for good, for plates stand on walls.
    unbound: values of the first format, which are not bound to their row, still open.
    """

    keys: Mapping[int, Key]
    current: int
    record: Key
    plate: bytes = field(repr=False)
    unbound: bool = False

    @property
    def newest(self) -> Key:
        """The version with the highest number."""
        return self.keys[max(self.keys)]

    @property
    def key(self) -> Key:
        """The current version."""
        return self.keys[self.current]

    @classmethod
    def fresh(cls, suite: Suite) -> KeyRing:
        """The keys of a new installation."""
        return cls({1: Key.fresh(1, suite)}, 1, Key.fresh(0, suite), secrets.token_bytes(KEY_BYTES))

    @classmethod
    def of_first(cls, data: bytes, index: bytes) -> KeyRing:
        """The keys of an installation from before versions: record and plate keys come from its index key."""
        key = Key(1, Suite.V1, data, index)
        return cls({1: key}, 1, replace(key, version=0), _plate_key(index), unbound=True)

    def with_first(self, data: bytes | None, index: bytes | None, plate: bytes | None) -> KeyRing:
        """The same with keys of the first version from elsewhere, such as the environment."""
        keys, record = dict(self.keys), self.record
        if 1 in keys:
            keys[1] = replace(keys[1], data=data or keys[1].data, index=index or keys[1].index)
        if index is not None:
            record, plate = replace(record, suite=Suite.V1, index=index), plate or _plate_key(index)
        return replace(self, keys=keys, record=record, plate=plate or self.plate)

    def to_json(self) -> SecretsDocument:
        """For ``secrets.json``."""
        return {
            "keys": {
                str(key.version): {"suite": key.suite.value, "data": encode(key.data), "index": encode(key.index)}
                for key in self.keys.values()
            },
            "current_key": self.current,
            "record_key": {"suite": self.record.suite.value, "index": encode(self.record.index)},
            "plate_key": encode(self.plate),
            "unbound_values": self.unbound,
        }

    @classmethod
    def from_json(cls, content: SecretsDocument) -> KeyRing:
        """Raises ValueError, KeyError, TypeError when something is missing or malformed."""
        if "keys" not in content:
            return cls.of_first(decode(content["data_key"]), decode(content["index_key"]))
        keys = {
            int(version): Key(int(version), Suite(one["suite"]), decode(one["data"]), decode(one["index"]))
            for version, one in content["keys"].items()
        }
        current = int(content["current_key"])
        if current not in keys or not all(1 <= version <= 0xFFFF for version in keys):
            raise ValueError("the current key is missing")
        index = decode(content["record_key"]["index"])
        record = Key(0, Suite(content["record_key"]["suite"]), index, index)
        return cls(keys, current, record, decode(content["plate_key"]), bool(content["unbound_values"]))


class KeySource:
    """The keys as they stand in a file, read again when the file has changed: a running server learns of a new version.

    read: the file's key ring; raises when it cannot be read, and then the keys known so far stay.
    """

    def __init__(self, path: Path, read: Callable[[], KeyRing]) -> None:
        self._path, self._read = path, read
        self._last_stamp: tuple[int, int, int] | None = None
        self._last_stamp = self._stamp()  # before the file is read: what comes between is seen at the next look
        self._ring = read()
        self._looked = time.monotonic()

    @classmethod
    def fixed(cls, ring: KeyRing) -> KeySource:
        """Keys without a file."""
        return cls(Path(), lambda: ring)

    def ring(self, *, now: bool = False) -> KeyRing:
        """The keys. now: look at the file even if it was looked at a moment ago."""
        moment = time.monotonic()
        if now or moment - self._looked > _LOOK_EVERY_S:
            self._looked = moment
            stamp = self._stamp()
            if stamp != self._last_stamp:
                with suppress(OnemapError, OSError):
                    self._ring, self._last_stamp = self._read(), stamp
        return self._ring

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return self._last_stamp
        return found.st_mtime_ns, found.st_ino, found.st_size


def _plate_key(index: bytes) -> bytes:
    return hmac.new(index, b"onemap door plates", hashlib.sha256).digest()


def encode(key: bytes) -> str:
    """Base64."""
    return base64.b64encode(key).decode()


def decode(text: str) -> bytes:
    """32 bytes from base64. Raises ValueError."""
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key is 32 bytes in base64")
    return key

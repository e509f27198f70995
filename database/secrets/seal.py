"""Sealing of personal numbers: encrypted to keep, hashed with a key to find (`masks.py`: masked to show).

A sealed value names its suite and key version and is bound to the place it belongs to: moved to another row or another
column it does not open. Suite v1: AES-256-GCM (NIST SP 800-38D), HMAC-SHA-256 (RFC 2104); v2: SM4-GCM (GM/T 0002),
HMAC-SM3 (GM/T 0004). A random 96-bit nonce stands before each ciphertext. No key ever enters the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache
from typing import Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from database.errors import Unavailable
from database.installation.keys import Key, KeyRing, KeySource, Suite
from database.installation.settings import Secrets

_NONCE_BYTES, _TAG_BYTES = 12, 16
_UNBOUND = b"\x01"  # first format: key 1, not bound to anything
_FORMATS = {Suite.V1: 0x11, Suite.V2: 0x12}
HEADER_BYTES = 3


class UnsealFailed(Unavailable):
    """密文无法解开：密钥不符、数据已损坏或被移动 | The ciphertext does not open: wrong key, damaged or moved data"""


def row_binding(table: str, column: str, *identity: object) -> str:
    """What a sealed value of a row is bound to. identity: what the row is known by, and never changes."""
    return orjson.dumps([table, column, *identity], default=str).decode()


def header(key: Key) -> bytes:
    """The first bytes of every value sealed with this key: the suite, and the version as two bytes."""
    return bytes([_FORMATS[key.suite]]) + key.version.to_bytes(2, "big")


class Sealer:
    """Seals and opens personal values with the keys of this installation."""

    def __init__(self, source: KeySource | KeyRing) -> None:
        self._source = KeySource.fixed(source) if isinstance(source, KeyRing) else source

    @classmethod
    def from_secrets(cls, secrets: Secrets) -> Sealer:
        """The sealer of this installation."""
        return cls(secrets.keys)

    def seal(self, text: str, *, bound_to: str) -> bytes:
        """The encrypted value; two calls never give the same bytes. bound_to: where it belongs, see :func:`row_binding`."""
        return self.seal_bytes(text.encode(), bound_to=bound_to)

    def unseal(self, sealed: bytes, *, bound_to: str) -> str:
        """The value. Raises UnsealFailed when the key is unknown, the bytes were changed, or they belong elsewhere."""
        return self.unseal_bytes(sealed, bound_to=bound_to).decode()

    def seal_bytes(self, plain: bytes, *, bound_to: str) -> bytes:
        """The same for bytes, such as a piece of a file."""
        key = self._source.ring().key
        start, nonce = header(key), os.urandom(_NONCE_BYTES)
        return start + nonce + _aead(key.suite, key.data).encrypt(nonce, plain, start + bound_to.encode())

    def unseal_bytes(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The bytes. Raises UnsealFailed."""
        sealed = bytes(sealed)
        if sealed[:1] == _UNBOUND:
            return self._unseal_unbound(sealed)
        key = self._key_of(sealed)
        start, nonce = sealed[:HEADER_BYTES], sealed[HEADER_BYTES : HEADER_BYTES + _NONCE_BYTES]
        return _opened(key, nonce, sealed[HEADER_BYTES + _NONCE_BYTES :], start + bound_to.encode())

    def _key_of(self, sealed: bytes) -> Key:
        """The key that sealed it; one that is not known yet may have come since the file was read."""
        version = int.from_bytes(sealed[1:HEADER_BYTES], "big")
        key = self._source.ring().keys.get(version) or self._source.ring(now=True).keys.get(version)
        if key is None or sealed[:HEADER_BYTES] != header(key):
            raise UnsealFailed
        return key

    def _unseal_unbound(self, sealed: bytes) -> bytes:
        ring = self._source.ring()
        if not ring.unbound or 1 not in ring.keys:
            raise UnsealFailed
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return _opened(ring.keys[1], nonce, body, _UNBOUND)

    def index(self, text: str) -> bytes:
        """32 bytes, equal for equal values (spaces, hyphens and case apart): the column to search by, as new rows have it."""
        return _keyed_hash(self._source.ring().key, _normal(text))

    def index_candidates(self, text: str) -> list[bytes]:
        """The same with every known key, the current first: search by all, for rows may still have an older one."""
        ring, plain = self._source.ring(), _normal(text)
        older = [key for version, key in ring.keys.items() if version != ring.current]
        return [_keyed_hash(key, plain) for key in (ring.key, *older)]

    def identity(self, text: str) -> bytes:
        """32 bytes, equal for equal values, by a key that is never rotated: for keys of records and for comparing, not to search."""
        return _keyed_hash(self._source.ring().record, _normal(text))

    def is_current(self, sealed: bytes) -> bool:
        """Sealed with the current key."""
        return bytes(sealed[:HEADER_BYTES]) == self.current_header

    @property
    def current_header(self) -> bytes:
        """The first bytes of what is sealed now."""
        return header(self._source.ring().key)


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class _Sm4Gcm:
    """SM4 in Galois/Counter Mode (RFC 8998), tag of 128 bits. Its 128-bit key is derived from the data key with HMAC-SM3."""

    def __init__(self, data_key: bytes) -> None:
        mac = HMAC(data_key, hashes.SM3())
        mac.update(b"onemap SM4-GCM")
        self._key = algorithms.SM4(mac.finalize()[:16])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        work = Cipher(self._key, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(associated_data)
        return work.update(data) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        if len(data) < _TAG_BYTES:
            raise InvalidTag
        work = Cipher(self._key, modes.GCM(nonce, data[-_TAG_BYTES:])).decryptor()
        work.authenticate_additional_data(associated_data)
        return work.update(data[:-_TAG_BYTES]) + work.finalize()


@lru_cache(maxsize=64)
def _aead(suite: Suite, data_key: bytes) -> _Aead:
    return AESGCM(data_key) if suite is Suite.V1 else _Sm4Gcm(data_key)


def _opened(key: Key, nonce: bytes, body: bytes, associated_data: bytes) -> bytes:
    try:
        return _aead(key.suite, key.data).decrypt(nonce, body, associated_data)
    except (InvalidTag, ValueError):  # ValueError: a nonce cut short
        raise UnsealFailed from None


def _normal(text: str) -> bytes:
    return text.strip().replace(" ", "").replace("-", "").upper().encode()


def _keyed_hash(key: Key, plain: bytes) -> bytes:
    if key.suite is Suite.V1:
        return hmac.digest(key.index, plain, hashlib.sha256)
    mac = HMAC(key.index, hashes.SM3())
    mac.update(plain)
    return mac.finalize()

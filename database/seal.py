"""Sealing of personal numbers: encrypted to keep, hashed with a key to find, masked to show.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce before each ciphertext; HMAC-SHA-256 (RFC 2104) of the
normalised value as the search index. Neither key ever enters the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from database.errors import OnemapError
from database.settings import Secrets

_NONCE_BYTES = 12
_FORMAT = b"\x01"


class UnsealFailed(OnemapError):
    """密文无法解开：密钥不符或数据已损坏 | The ciphertext does not open: wrong key or damaged data"""


class Sealer:
    """Seals and opens personal values. data_key and index_key: 32 bytes each, from :class:`Secrets`."""

    def __init__(self, data_key: bytes, index_key: bytes) -> None:
        self._data_key = data_key
        self._index_key = index_key

    @classmethod
    def from_secrets(cls, secrets: Secrets) -> Sealer:
        """The sealer of this installation."""
        return cls(secrets.data_key, secrets.index_key)

    @cached_property
    def _aead(self) -> AESGCM:
        return AESGCM(self._data_key)

    def seal(self, text: str) -> bytes:
        """The encrypted value; two calls never give the same bytes."""
        return self.seal_bytes(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """The value. Raises UnsealFailed when the key is another one or the bytes were changed."""
        return self.unseal_bytes(sealed).decode()

    def seal_bytes(self, plain: bytes) -> bytes:
        """The same for bytes, such as a piece of a file."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, plain, _FORMAT)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """The bytes. Raises UnsealFailed."""
        if sealed[:1] != _FORMAT:
            raise UnsealFailed
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, body, _FORMAT)
        except InvalidTag:
            raise UnsealFailed from None

    def index(self, text: str) -> bytes:
        """32 bytes, equal for equal values (spaces, hyphens and case apart): the column to search by."""
        plain = text.strip().replace(" ", "").replace("-", "").upper()
        return hmac.new(self._index_key, plain.encode(), hashlib.sha256).digest()


def mask_id_number(id_number: str) -> str:
    """``330*************1X``: the first three and the last two stay. Why no more: docs/masking.md."""
    if len(id_number) < 15:
        return "*" * len(id_number)
    return id_number[:3] + "*" * (len(id_number) - 5) + id_number[-2:].upper()


def mask_phone(phone: str) -> str:
    """``*******5678``: the last four stay; of a number too short for that the last two."""
    shown = 4 if len(phone) >= 8 else 2
    return "*" * max(len(phone) - shown, 0) + phone[-shown:]


def mask_name(name: str) -> str:
    """``张**``: the first character stays."""
    return name[:1] + "*" * (len(name) - 1)

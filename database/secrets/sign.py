"""Signatures of what this installation hands out and must recognise again, such as the codes on door plates.

HMAC-SHA-256 (RFC 2104), cut to 96 bits: a forger has one chance in 2^96 at each try. The key never enters the database.
"""

from __future__ import annotations

import hashlib
import hmac

from database.installation.settings import Secrets

SIGNATURE_BYTES = 12


class Signer:
    """Signs and checks short messages. key: 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of_plates(cls, secrets: Secrets) -> Signer:
        """The signer of door plates and place codes of this installation."""
        return cls(secrets.plate_key)

    def sign(self, message: bytes) -> bytes:
        """Twelve bytes that only the holder of the key can make."""
        return hmac.new(self._key, message, hashlib.sha256).digest()[:SIGNATURE_BYTES]

    def is_signed(self, message: bytes, signature: bytes) -> bool:
        """True when the signature is of this message; takes the same time either way."""
        return hmac.compare_digest(self.sign(message), signature)

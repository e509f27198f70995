"""What stands in the QR code of a door plate (门牌二维码) or a place code (场所码): an opaque, signed token.

40 letters and digits (base 32): kind and form of the token, county, a random serial of 72 bits, and a signature. It
names no address and no person; what it belongs to stands in the county's database and can be revoked there. A forged
token is recognised without asking any database.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from enum import IntEnum

from database.errors import Missing
from database.secrets.sign import SIGNATURE_BYTES, Signer

SERIAL_BYTES = 9
_FORM = 1
_GRAMMAR = re.compile(r"[A-Z2-7]{40}")


class TokenUnknown(Missing):
    """没有这个二维码对应的信息 | There is nothing behind this code"""


class TokenKind(IntEnum):
    """What a token is fixed to."""

    PLATE = 1  # 门牌
    PLACE = 2  # 场所


@dataclass(frozen=True, slots=True)
class Token:
    """kind, county (six digits), serial (nine random bytes)."""

    kind: TokenKind
    county: str
    serial: bytes

    def written(self, signer: Signer) -> str:
        """The 40 characters to print."""
        message = bytes([self.kind << 4 | _FORM]) + int(self.county).to_bytes(3) + self.serial
        return base64.b32encode(message + signer.sign(message)).decode()


def read_token(text: str, signer: Signer) -> Token:
    """The token behind a text, small letters allowed. Raises TokenUnknown for anything this installation did not sign."""
    written = text.upper()
    if not _GRAMMAR.fullmatch(written):
        raise TokenUnknown
    data = base64.b32decode(written)
    message, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if not signer.is_signed(message, signature) or message[0] & 15 != _FORM:
        raise TokenUnknown
    return Token(TokenKind(message[0] >> 4), f"{int.from_bytes(message[1:4]):06d}", message[4:])

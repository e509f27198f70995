"""The table of door plates for the printer: one line a plate."""

from __future__ import annotations

import io
from collections.abc import Iterator

from sqlalchemy import Connection

from database.secrets.sign import Signer
from database.spreadsheet import CsvTable
from gazetteer.codes.token import Token, TokenKind
from gazetteer.plates.plates import list_plates

COLUMNS = ("code", "address", "version", "issued_at", "token", "path")


def plate_csv(connection: Connection, county: str, prefix: str, signer: Signer, *, base_url: str = "") -> Iterator[str]:
    """The lines of the CSV, header first. base_url: put before ``/p/…``, such as ``https://map.example.gov.cn``."""
    buffer = io.StringIO()
    table = CsvTable(buffer)
    table.write(COLUMNS)
    yield _taken(buffer)
    for plate in list_plates(connection, prefix):
        written = Token(TokenKind.PLATE, county, plate.serial).written(signer)
        table.write(
            (plate.code, plate.full_text, plate.version, plate.issued_at.isoformat(timespec="seconds"), written,
             f"{base_url.rstrip('/')}/p/{written}")
        )  # fmt: skip
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    line = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return line

"""The file of heads: what the chains of the audit trails ended with, day by day, to be kept elsewhere.

A chain alone does not show that its end was cut off, or that all of it was made anew; a head that lies where the
database's administrator does not reach does. Lines are added, never changed, and each carries the digest of the line before.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from access.audit.chain import NOTHING_BEFORE, PLATFORM, head_digest, read_lines
from access.audit.trail import Head, chain_rest, read_head
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Scope

FILE = "heads.jsonl"


class HeadLine(TypedDict):
    """What a chain ends with, as the verifier and the file take it. at: UTC; None while the chain is empty."""

    chain: str
    number: int
    hash: str
    at: str | None


class WrittenLine(HeadLine):
    """A line of the file. algorithm: of the digest; before, digest: of the line before and of this one."""

    written_at: str
    algorithm: str
    before: str
    digest: str


def heads_file(settings: Settings) -> Path:
    """Where heads are written."""
    return (settings.audit_anchor_folder or settings.home / "audit-heads") / FILE


def current_heads(database: Database, counties: list[str]) -> list[HeadLine]:
    """The heads of the platform and of these counties, everything chained first; without those of a county whose own server is away."""
    with database.platform() as connection:
        chain_rest(connection, "platform")
    with database.platform() as connection:
        heads = [_line(PLATFORM, read_head(connection, "platform"))]
    for county in counties:
        scope = Scope.of_system(county, "audit")
        with database.unless_away(county):
            with database.transaction(scope) as connection:
                chain_rest(connection, "county")
            with database.transaction(scope) as connection:
                heads.append(_line(county, read_head(connection, "county")))
    return heads


def _line(chain: str, head: Head) -> HeadLine:
    return HeadLine(chain=chain, number=head.number, hash=head.hash, at=head.at)


def write_heads(heads: Sequence[HeadLine], settings: Settings) -> list[WrittenLine]:
    """Append heads to the file (0600, its folder 0700); returns the lines written. Two writers wait for each other."""
    path = heads_file(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = NOTHING_BEFORE
        for earlier in read_lines(str(path)):
            before = str(earlier.get("digest"))
        written = []
        for head in heads:
            line = WrittenLine(
                **head,
                written_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                algorithm=settings.audit_anchor_hash,
                before=before,
                digest="",
            )
            line["digest"] = before = head_digest(line, before)
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            written.append(line)
        file.flush()
        os.fsync(file.fileno())
    return written


def write_current_heads(database: Database, counties: list[str], settings: Settings) -> list[WrittenLine]:
    """Write the heads as they are now."""
    return write_heads(current_heads(database, counties), settings)

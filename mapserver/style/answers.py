"""Answers that a browser keeps and asks about again: bytes with a strong ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fastapi import Request, Response

from mapserver.tiles.front import GZIP_TAKEN

#: A day, and an address that names a version for as long as anybody likes.
PUBLIC = "public, max-age=86400"
IMMUTABLE = "public, max-age=31536000, immutable"


def tagged(request: Request, body: bytes, media: str, headers: Mapping[str, str]) -> Response:
    """The body with the hash of its bytes as ETag; 304 when the asker has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    told = {**headers, "ETag": etag}
    said = [tag.strip().removeprefix("W/") for tag in ",".join(request.headers.getlist("If-None-Match")).split(",")]
    if etag in said or "*" in said:
        return Response(status_code=304, headers=told)
    return Response(body, media_type=media, headers=told)


def takes_gzip(request: Request) -> bool:
    """Whether the asker unpacks gzip."""
    return GZIP_TAKEN.search(request.headers.get("Accept-Encoding", "").encode("latin-1")) is not None

"""Answers that a browser keeps and asks about again: bytes with a strong ETag."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

from fastapi import Request, Response

from mapserver.http.compression import LEAST_BYTES, LEVEL, is_text
from mapserver.http.negotiation import best_encoding, etag_matches, header

#: A day, and an address that names a version for as long as anybody likes.
PUBLIC = "public, max-age=86400"
IMMUTABLE = "public, max-age=31536000, immutable"


def tagged(request: Request, body: bytes, media: str, headers: Mapping[str, str]) -> Response:
    """The body, text packed for whoever takes gzip, with the hash of its bytes as ETag; 304 when the asker has it."""
    if is_text(media):
        headers = {**headers, "Vary": ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))}
        if len(body) >= LEAST_BYTES and takes_gzip(request):
            body = gzip.compress(body, compresslevel=LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    all_headers = {**headers, "ETag": etag}
    if etag_matches(etag, request):
        return Response(status_code=304, headers=all_headers)
    return Response(body, media_type=media, headers=all_headers)


def takes_gzip(request: Request) -> bool:
    """Whether the asker unpacks gzip."""
    return best_encoding(header(request, "Accept-Encoding"), ("gzip",)) is not None

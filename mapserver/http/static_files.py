"""Files of the built web app, in the coding that the browser likes best, kept as long as their names allow.

The build writes each text also as ``.br`` and ``.gz`` (`frontend/vite.config.ts`). A name with a hash of its content never means
anything else: it is kept for a year and not asked about again. Everything else is asked about each time.
"""

from __future__ import annotations

import mimetypes
import os
import re
import stat
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse

from mapserver.http.negotiation import best_encoding, etag_matches, header

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
_SUFFIXES = {"br": ".br", "gzip": ".gz"}
HASHED = re.compile(r"assets/[^/]+-[\w-]{8}\.\w+", re.ASCII)


def built_file(request: Request, folder: Path, name: str) -> Response | None:
    """The file of a folder by its path below it; None for a folder, for what lies outside, for what no file can be called,
    and for the packed form of another file."""
    file = _find(folder, name)
    if file is None:
        return None
    packed = {
        coding: found for coding, suffix in _SUFFIXES.items() if (found := _status(f"{file}{suffix}")) is not None
    }
    # a part of a file is a part of its plain bytes
    coding = None if "Range" in request.headers else best_encoding(header(request, "Accept-Encoding"), tuple(packed))
    path, status = (file, file.stat()) if coding is None else (f"{file}{_SUFFIXES[coding]}", packed[coding])
    headers = {"Cache-Control": IMMUTABLE if HASHED.fullmatch(name) else REVALIDATE}
    if packed:
        headers["Vary"] = "Accept-Encoding"
    if coding is not None:
        headers["Content-Encoding"] = coding
    media = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    response = FileResponse(path, headers=headers, media_type=media, stat_result=status)
    if etag_matches(response.headers["etag"], request):
        unchanged = {key: response.headers[key] for key in ("cache-control", "etag", "vary") if key in response.headers}
        return Response(status_code=304, headers=unchanged)
    return response


def _find(folder: Path, name: str) -> Path | None:
    try:
        file = (folder / name).resolve()
        inside = bool(name) and file.is_relative_to(folder.resolve()) and file.suffix not in _SUFFIXES.values()
        return file if inside and file.is_file() else None
    except (OSError, ValueError):  # longer than the file system takes; a NUL inside
        return None


def _status(path: str) -> os.stat_result | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None

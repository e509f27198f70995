"""Files sent by a browser, kept privately for as long as a request needs them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import UploadFile

from database.errors import OnemapError
from mapserver.context import Context


class FileTooLarge(OnemapError):
    """文件太大 | The file is too large"""


@contextmanager
def kept_upload(file: UploadFile, context: Context) -> Iterator[Path]:
    """The upload as a private file under its own name, removed afterwards. Raises FileTooLarge."""
    limit = context.settings.max_upload_mb * 1024 * 1024
    if file.size is not None and file.size > limit:
        raise FileTooLarge(
            f"上限 {context.settings.max_upload_mb} MB / the limit is {context.settings.max_upload_mb} MB"
        )
    with tempfile.TemporaryDirectory(prefix="onemap-upload-") as folder:  # mode 0700
        path = Path(folder) / Path(file.filename or "upload").name
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        yield path

"""Files sent by a browser, kept privately for as long as a request needs them; and files made for one answer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import UploadFile
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from database.errors import TooLarge
from database.installation.workspace import make_workspace, remove_workspace, workspace
from mapserver.server.context import Context

#: bytes of a name without its ending, so that an ending or a word can be added
STEM_BYTES = 150
ENDING = re.compile(r"(\.[A-Za-z0-9]{1,8}){1,2}$")
#: what no file name of any system may hold, and marks that turn the reading direction around
NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]')
UNNAMED = "upload"


class FileTooLarge(TooLarge):
    """文件太大 | The file is too large"""


@contextmanager
def temporary_upload(file: UploadFile, context: Context) -> Iterator[Path]:
    """The upload as a private file under its own name, made harmless; removed afterwards. Raises FileTooLarge."""
    limit = context.settings.max_upload_mb * 1024 * 1024
    if file.size is not None and file.size > limit:
        raise FileTooLarge(
            f"上限 {context.settings.max_upload_mb} MB / the limit is {context.settings.max_upload_mb} MB"
        )
    with workspace("upload") as folder:
        path = folder / harmless_name(file.filename)
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        yield path


def harmless_name(sent: str | None) -> str:
    """The last part of a name that was sent, as a name every system takes; ``upload`` for what is none."""
    name = (sent or "").replace("\\", "/").rpartition("/")[2]
    name = NOT_IN_NAMES.sub("", name).strip(" .")
    ending = ENDING.search(name)
    stem = name[: ending.start()] if ending else name
    stem = stem.encode("utf-8")[:STEM_BYTES].decode("utf-8", "ignore").strip(" .")
    return (stem or UNNAMED) + (ending[0] if ending else "")


def made_file(make: Callable[[Path], Path], media_type: str | dict[str, str]) -> FileResponse:
    """An answer from a file that ``make`` writes into a private folder, which is removed once the file was sent.

    media_type: one, or by ending.
    """
    folder = make_workspace("result")
    try:
        path = make(folder)
    except BaseException:
        remove_workspace(folder)
        raise
    kind = media_type if isinstance(media_type, str) else media_type[path.suffix[1:]]
    return _PassingFile(folder, path, kind)


class _PassingFile(FileResponse):
    """A file that goes with its folder, also when the one who asked hangs up."""

    def __init__(self, folder: Path, path: Path, media_type: str) -> None:
        super().__init__(path, media_type=media_type, filename=path.name)
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(remove_workspace, self._folder)

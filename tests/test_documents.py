"""What the documents name is there: every file of this repository, every link, every folder of a room."""

import re
from pathlib import Path

from tests.rooms import ROOMS, ROOT

DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README*.md"), ROOT / "CONTRIBUTING.md"])
#: files that an installation makes
MADE = {"deploy/.env", "deploy/onemap.env"}
_PATH = re.compile(r"`([\w.-]+(?:/[\w.*-]+)+/?)`")
_LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)\s]*)?\)")


def is_there(path: str) -> bool:
    """A file, a folder, a pattern of files, or a module without its ending."""
    return path in MADE or any(ROOT.glob(path)) or (ROOT / f"{path}.py").is_file()


def missing_paths(text: str) -> list[str]:
    named = (path for path in _PATH.findall(text) if (ROOT / path.partition("/")[0]).is_dir())
    return sorted({path for path in named if not is_there(path.rstrip("/"))})


def missing_links(text: str, folder: Path) -> list[str]:
    return sorted({link for link in _LINK.findall(text) if not (folder / link).exists()})


def folders_of_the_rooms() -> set[str]:
    """Folders with more than their ``__init__``."""
    folders = (
        folder
        for room in ROOMS
        for folder in (ROOT / room).iterdir()
        if folder.is_dir() and folder.name != "__pycache__"
    )
    return {
        str(f.relative_to(ROOT))
        for f in folders
        if any(p.name not in ("__init__.py", "__pycache__") for p in f.iterdir())
    }


def folders_in_the_table(text: str) -> set[str]:
    """Rooms of the table, where a second name in a cell without a slash in front belongs to the first one's room."""
    folders = set()
    for cell in re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE):
        names = re.findall(r"`([\w/]+)/`", cell)
        room = re.match(r"`(\w+)/", cell)
        folders |= {name if "/" in name or room is None else f"{room[1]}/{name}" for name in names}
    return folders


def test_every_file_that_a_document_names_is_there() -> None:
    assert len(DOCUMENTS) > 50
    found = {str(d.relative_to(ROOT)): missing_paths(d.read_text("utf-8")) for d in DOCUMENTS}
    assert {document: paths for document, paths in found.items() if paths} == {}


def test_every_link_leads_somewhere() -> None:
    found = {str(d.relative_to(ROOT)): missing_links(d.read_text("utf-8"), d.parent) for d in DOCUMENTS}
    assert {document: links for document, links in found.items() if links} == {}


def test_the_table_of_rooms_names_every_folder_and_no_other() -> None:
    assert folders_in_the_table((ROOT / "docs/architecture.md").read_text("utf-8")) == folders_of_the_rooms()


def test_what_is_not_there_is_seen() -> None:
    assert missing_paths("see `database/nothing.py` and `layers/tiles/tile` and `docs/*.md`") == ["database/nothing.py"]
    assert missing_links("[a](nothing.md#x) [b](https://example.org) [c](tiles.md)", ROOT / "docs") == ["nothing.md"]

"""What a file is by its first bytes, and whether its name says the same. A file is opened as what both say, or not at all."""

from __future__ import annotations

from pathlib import Path

from layers.importing.errors import FileTruncated, FileUnreadable

HEAD_BYTES = 4096
GEOPACKAGE_IDS = (b"GPKG", b"GP10", b"GP11")

#: format → what to call it, and how to send it instead
NAMES = {
    "gpkg": "GeoPackage",
    "sqlite": "SQLite 数据库 / an SQLite database",
    "shp": "Shapefile",
    "zip": "ZIP 压缩包 / a ZIP archive",
    "json": "JSON",
    "ole": "旧式 Office 文件（XLS，或加了密码的工作簿）/ an old Office file (XLS, or a workbook with a password)",
    "gzip": "GZIP 压缩文件 / gzip",
    "xml": "XML 或网页 / XML or a web page",
    "tiff": "TIFF 影像 / a TIFF image",
    "pdf": "PDF",
    "text": "文本 / text",
}
#: ending of the name → formats it may hold
ENDINGS: dict[str, tuple[str, ...]] = {
    ".gpkg": ("gpkg",),
    ".shp": ("shp",),
    ".zip": ("zip",),
    ".geojson": ("json",),
    ".json": ("json",),
    ".xlsx": ("zip",),
    ".xlsm": ("zip",),
    ".ods": ("zip",),
    ".xls": ("ole",),
    ".csv": ("text", "json", "xml"),
    ".tsv": ("text", "json", "xml"),
    ".txt": ("text", "json", "xml"),
    ".gz": ("gzip",),
}


def check_format(path: Path, suffix: str, name: str) -> str:
    """The format of the file. Raises FileUnreadable when it is another than its name says, FileTruncated when it is none.

    suffix: ending of the name, in small letters, one of ``ENDINGS``. name: for the message.
    """
    with path.open("rb") as file:
        found = format_of(file.read(HEAD_BYTES))
    allowed = ENDINGS[suffix]
    if found in allowed:
        return found
    if found == "ole" and suffix in (".xlsx", ".xlsm"):
        raise FileUnreadable(
            f"{name} 加了密码，或者其实是 XLS。请去掉密码，另存为 XLSX。 / {name} has a password or is an XLS: remove the password "
            "and save it as XLSX.",
            found=found,
        )
    if found == "text":
        raise FileTruncated(
            f"{name} 打不开：内容不是 {NAMES[allowed[0]]}，文件可能损坏或只传了一半。请重新发送。 / it does not open: damaged, or only "
            "half of it was sent. Send it again.",
            found=found,
        )
    raise FileUnreadable(
        f"{name} 的内容是{NAMES[found]}，与扩展名 {suffix} 不符。请用正确的扩展名，或另存为 CSV、XLSX、GeoPackage 再发送。 / the content is "
        f"not what the ending {suffix} says. Give it the right ending, or save it as CSV, XLSX or GeoPackage.",
        found=found,
    )


def format_of(head: bytes) -> str:
    """The format of a file that begins like this."""
    if head.startswith(b"SQLite format 3\0"):
        return "gpkg" if head[68:72] in GEOPACKAGE_IDS else "sqlite"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    for start, found in (
        (b"\x00\x00\x27\x0a", "shp"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"\x1f\x8b", "gzip"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"II+\0", "tiff"),
        (b"MM\0+", "tiff"),
        (b"%PDF-", "pdf"),
    ):
        if head.startswith(start):
            return found
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "json" if text.startswith(b"{") else "xml" if text.startswith(b"<") else "text"

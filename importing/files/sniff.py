"""What a file is by its first bytes, and whether its name says the same. A file is opened as what both say, or not at all."""

from __future__ import annotations

import zipfile
from pathlib import Path

from importing.errors import FileTruncated, FileUnreadable

HEAD_BYTES = 4096
GEOPACKAGE_IDS = (b"GPKG", b"GP10", b"GP11")
UTF16 = (b"\xff\xfe", b"\xfe\xff")

#: format → what to call it, and how to send it instead
NAMES = {
    "gpkg": "GeoPackage",
    "sqlite": "SQLite 数据库 / an SQLite database",
    "shp": "Shapefile",
    "zip": "ZIP 压缩包 / a ZIP archive",
    "json": "JSON",
    "pbf": "OpenStreetMap PBF",
    "ole": "旧式 Office 文件（XLS，或加了密码的工作簿）/ an old Office file (XLS, or a workbook with a password)",
    "biff": "Excel 4 或更早的工作表 / a sheet of Excel 4 or older",
    "gzip": "GZIP 压缩文件 / gzip",
    "html": "网页（HTML） / a web page",
    "mhtml": "单个文件网页（MHTML） / a web page in one file (MHTML)",
    "spreadsheetml": "XML 表格 2003 / an XML Spreadsheet 2003",
    "xml": "XML",
    "tiff": "TIFF 影像 / a TIFF image",
    "image": "图片 / a picture",
    "pdf": "PDF",
    "rtf": "RTF 文档 / an RTF document",
    "text": "文本 / text",
    "binary": "二进制数据 / binary data",
}
#: what spreadsheet programs open under .xls although it is none, and how to mend it
SAVE_AS = ("html", "mhtml", "spreadsheetml", "biff")
#: ending of the name → formats it may hold
ENDINGS: dict[str, tuple[str, ...]] = {
    ".gpkg": ("gpkg",),
    ".shp": ("shp",),
    ".zip": ("zip",),
    ".geojson": ("json",),
    ".json": ("json",),
    ".pbf": ("pbf",),
    ".xlsx": ("zip",),
    ".xlsm": ("zip",),
    ".ods": ("zip",),
    ".xls": ("ole",),
    ".csv": ("text", "json", "xml"),
    ".tsv": ("text", "json", "xml"),
    ".txt": ("text", "json", "xml"),
    ".gz": ("gzip",),
}
#: ending → the part that a workbook of this kind has
PARTS = {".xlsx": "xl/workbook.xml", ".xlsm": "xl/workbook.xml", ".ods": "content.xml"}
#: stream of an OLE file → what the file is
STREAMS = (
    ("EncryptedPackage", "encrypted"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
)


def check_format(path: Path, suffix: str, name: str) -> str:
    """The format of the file. Raises FileUnreadable when it is another than its name says, FileTruncated when it is none.

    suffix: ending of the name, in small letters, one of ``ENDINGS``. name: for the message.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = format_of(head)
    allowed = ENDINGS[suffix]
    if found == "ole":
        _check_ole(path, suffix, name)
    if found in allowed:
        _check_parts(path, suffix, name)
        return found
    if "text" in allowed and found == "binary" and head.count(0) * 2 <= len(head):
        return "text"  # a text with a few zeros, or UTF-16 without its mark: its reader says what is wrong
    if found in SAVE_AS:
        zh, en = _words(found)
        raise FileUnreadable(
            f"{name} 其实是{zh}，不是 {suffix} 文件。请用 Excel 或 WPS 打开，另存为 XLSX。 / it is {en}, not what the ending says: open it with "
            "Excel or WPS and save it as XLSX.",
            found=found,
        )
    if found == "text" and suffix in (".xls", ".xlsx", ".xlsm", ".ods"):
        raise FileUnreadable(
            f"{name} 的内容是文本，不是工作簿。如果是逗号或制表符分隔的表，请把扩展名改为 .csv 或 .tsv；否则请重新发送。 / the content is text, not "
            "a workbook. If it is a table with commas or tabs, name it .csv or .tsv; otherwise send it again.",
            found=found,
        )
    if found in ("text", "binary"):
        raise FileTruncated(
            f"{name} 打不开：内容不是{_words(allowed[0])[0]}，文件可能损坏或只传了一半。请重新发送。 / it is not "
            f"{_words(allowed[0])[1]}: damaged, or only half of it was sent. Send it again.",
            found=found,
        )
    if found == "zip" and suffix == ".xls" and _has(path, PARTS[".xlsx"]):
        raise FileUnreadable(
            f"{name} 其实是 XLSX，请把扩展名改为 .xlsx。 / it is an XLSX: name it .xlsx.", found="xlsx"
        )
    zh, en = _words(found)
    raise FileUnreadable(
        f"{name} 的内容是{zh}，与扩展名 {suffix} 不符。请用正确的扩展名，或另存为 CSV、XLSX、GeoPackage 再发送。 / the content is {en}, not what "
        f"the ending {suffix} says. Give it the right ending, or save it as CSV, XLSX or GeoPackage.",
        found=found,
    )


def _words(found: str) -> tuple[str, str]:
    """What to call a format in Chinese and in English."""
    zh, _, en = NAMES[found].partition("/ ")
    return zh.strip(), en or zh


def _check_ole(path: Path, suffix: str, name: str) -> None:
    """Raise FileUnreadable for an OLE file that is no XLS, naming what it is."""
    if suffix not in (".xls", ".xlsx", ".xlsm"):
        return
    content = _ole_content(path)
    if content == "encrypted":
        raise FileUnreadable(
            f"{name} 加了密码。请去掉密码再发送。 / the workbook has a password: remove it and send it again.",
            found=content,
        )
    if content in ("doc", "ppt"):
        raise FileUnreadable(
            f"{name} 其实是 {'Word 文档' if content == 'doc' else 'PowerPoint 文稿'}。请把表格另存为 XLSX。 / it is a "
            f"{'Word document' if content == 'doc' else 'presentation'}: save its table as XLSX.",
            found=content,
        )
    if suffix != ".xls":
        if content == "xls":
            raise FileUnreadable(
                f"{name} 其实是 XLS，请把扩展名改为 .xls。 / it is an XLS: name it .xls.", found=content
            )
        raise FileUnreadable(
            f"{name} 加了密码，或者其实是 XLS。请去掉密码，另存为 XLSX。 / {name} has a password or is an XLS: remove the password "
            "and save it as XLSX.",
            found="ole",
        )


def _ole_content(path: Path) -> str | None:
    """What an OLE file holds, by the names in its directory; None when none is known."""
    with path.open("rb") as file:
        head = file.read(512)
        if len(head) < 512:
            return None
        size = 1 << min(int.from_bytes(head[30:32], "little"), 12)
        place = (int.from_bytes(head[48:52], "little") + 1) * size
        if place > path.stat().st_size:
            return None
        file.seek(place)
        directory = file.read(8 * size)
    names = {
        directory[at : at + 64].decode("utf-16-le", "ignore").partition("\0")[0] for at in range(0, len(directory), 128)
    }
    return next((found for stream, found in STREAMS if stream in names), None)


def _check_parts(path: Path, suffix: str, name: str) -> None:
    """Raise FileUnreadable for an archive that is whole and holds no workbook of the kind."""
    part = PARTS.get(suffix)
    if part is None or not zipfile.is_zipfile(path) or _has(path, part):
        return
    if _has(path, "xl/workbook.bin"):
        raise FileUnreadable(
            f"{name} 是二进制工作簿（XLSB）。请另存为 XLSX。 / it is a binary workbook (XLSB): save it as XLSX.",
            found="xlsb",
        )
    other = next((ending for ending, inner in PARTS.items() if _has(path, inner)), None)
    if other is not None:
        raise FileUnreadable(
            f"{name} 其实是 {other[1:].upper()}，请把扩展名改为 {other}。 / name it {other}.", found=other
        )
    raise FileUnreadable(
        f"{name} 是压缩包，里面没有工作簿（{part}）。请用 Excel 或 WPS 另存为 XLSX。 / it is an archive without a workbook ({part}): save it "
        "as XLSX with Excel or WPS.",
        found="zip",
    )


def _has(path: Path, part: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return part in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


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
        (b"\x89PNG\r\n", "image"),
        (b"\xff\xd8\xff", "image"),
        (b"%PDF-", "pdf"),
        (b"{\\rtf", "rtf"),
        *((bytes((9, version)), "biff") for version in (0, 2, 4)),
    ):
        if head.startswith(start) and (found != "biff" or head[2:4] in (b"\x04\x00", b"\x06\x00", b"\x08\x00")):
            return found
    if head[4:15] == b"\x0a\x09OSMHeader":
        return "pbf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "json"
    if text[:13].lower() == b"mime-version:" or b"multipart/related" in text[:512].lower():
        return "mhtml"
    if text.startswith(b"<"):
        start = text[:1024].lower()
        if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
            return "spreadsheetml"
        return (
            "html"
            if any(tag in start for tag in (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<body"))
            else "xml"
        )
    return "text" if head.startswith(UTF16) or not set(head) & _BINARY else "binary"


#: control characters that no text file has
_BINARY = {*range(9), *range(14, 27), *range(28, 32)}

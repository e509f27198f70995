"""The encoding of a Shapefile: what its .cpg or its DBF says, when its texts agree; else what they are in."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from layers.importing.errors import EncodingWrong
from layers.importing.readers.dbf import Dbf
from layers.importing.readers.encoding import ENCODINGS

#: number of a code page → codec
PAGES = {
    "936": "gb18030", "54936": "gb18030", "950": "big5hkscs", "932": "cp932", "949": "cp949", "65001": "utf-8", "437": "cp437",
    "850": "cp850", "852": "cp852", "866": "cp866", "874": "cp874", "1250": "cp1250", "1251": "cp1251", "1252": "cp1252",
    "1253": "cp1253", "1254": "cp1254", "88591": "iso8859-1", "28591": "iso8859-1", "885915": "iso8859-15",
}  # fmt: skip
#: language byte of a DBF → codec; others, and 0x57 (whatever the machine used), say nothing
LANGUAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "big5hkscs", 0x50: "cp874",
    0x78: "big5hkscs", 0x79: "cp949", 0x7A: "gb18030", 0x7B: "cp932", 0x7C: "cp874", 0xC8: "cp1250", 0xC9: "cp1251",
}  # fmt: skip
WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs"}
#: tried in this order when nothing is said, or what is said is not so
CANDIDATES = ("utf-8", "gb18030")
CODECS = frozenset({*PAGES.values(), *LANGUAGES.values(), *WIDER.values()})


def shapefile_encoding(dbf: Dbf, cpg: Path, wanted: str | None, name: str) -> str:
    """The codec in which the names and texts of a DBF decode.

    wanted: what the mapping says; then only that. cpg: the file beside it that may name one. name: for messages.
    Raises EncodingWrong when none fits, naming the likely one.
    """
    sample = dbf.text_sample()
    names = [field.name for field in dbf.fields]
    said = wanted or _named(cpg) or LANGUAGES.get(dbf.language)
    for encoding in [wanted] if wanted else dict.fromkeys([*([said] if said else []), *CANDIDATES]):
        if _fits(sample, names, encoding):
            return encoding
    raise EncodingWrong(
        f"{name} 的列名和文字不是 {said or ' 或 '.join(CANDIDATES)}。请在映射里写 encoding，或另存为 GeoPackage。 / names and texts of the table "
        f"are not {said or ' or '.join(CANDIDATES)}: set encoding in the mapping, or save it as a GeoPackage."
    )


def _named(cpg: Path) -> str | None:
    """The codec that a .cpg names: UTF-8, GBK, CP936, ANSI 936, 936 …; None for anything else."""
    if not cpg.is_file():
        return None
    text = cpg.read_bytes()[:64].decode("ascii", "ignore").strip().lower()
    number = re.search(r"(\d{3,6})$", text.replace("-", "").replace("_", ""))
    if number and number.group(1) in PAGES:
        return PAGES[number.group(1)]
    try:
        found = codecs.lookup(text.replace("_", "-")).name
    except (LookupError, ValueError):
        return None
    found = WIDER.get(found, found)
    return found if found in ENCODINGS | CODECS else None


def _fits(sample: bytes, names: list[bytes], encoding: str) -> bool:
    try:
        sample.decode(encoding)
        for name in names:
            codecs.getincrementaldecoder(encoding)("strict").decode(name, final=False)
    except UnicodeError:
        return False
    return True

"""The encoding of a Shapefile: what its .cpg or its DBF says, when its texts agree; else what they are in."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from importing.errors import EncodingWrong
from importing.files.dbf import Dbf
from importing.files.encoding import ENCODINGS
from importing.files.plausible import likelier_encoding, likely_encoding

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
#: so many Chinese characters in UTF-8 are no chance
FEWEST = 3
CODECS = frozenset({*PAGES.values(), *LANGUAGES.values(), *WIDER.values()})


def shapefile_encoding(dbf: Dbf, cpg: Path, wanted: str | None, name: str) -> str:
    """The codec in which the names and texts of a DBF decode.

    wanted: what the mapping says; then only that. cpg: the file beside it that may name one. name: for messages.
    UTF-8 is known for certain by its bytes; what is only likely is not taken in place of what is said. Raises EncodingWrong
    when none fits or another is far likelier, naming it.
    """
    lines = dbf.text_sample()
    declaration = wanted or _named(cpg) or LANGUAGES.get(dbf.language)
    if not wanted and _surely_utf8(lines):
        return "utf-8"
    likely: str | None = None
    for encoding in [wanted] if wanted else dict.fromkeys([*([declaration] if declaration else []), *CANDIDATES]):
        sample = _whole(lines, encoding)
        if sample is None:
            continue
        likely = likelier_encoding(sample, encoding)
        if likely is None:
            return encoding
        break
    likely = likely or likely_encoding(b"\n".join(lines))
    tried = declaration or " 或 ".join(CANDIDATES)
    zh, en = (f"，很可能是 {likely}", f"; they look like {likely}") if likely else ("", "")
    raise EncodingWrong(
        f"{name} 的列名和文字不像 {tried}{zh}。请在映射里写 encoding，或另存为 GeoPackage。 / names and texts of the table do not read as "
        f"{tried}{en}: set encoding in the mapping, or save it as a GeoPackage.",
        guess=likely,
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


def _whole(lines: list[bytes], encoding: str) -> bytes | None:
    """The lines without the pieces of characters they end with; None when they do not decode."""
    decoder = codecs.getincrementaldecoder(encoding)
    try:
        return b"\n".join(decoder("strict").decode(line, final=False).encode(encoding) for line in lines)
    except UnicodeError:
        return None


def _surely_utf8(lines: list[bytes]) -> bool:
    """Chinese in UTF-8 has a shape that texts in other encodings do not have by chance."""
    whole = _whole(lines, "utf-8")
    return whole is not None and sum(char > "\u2fff" for char in whole.decode("utf-8")) >= FEWEST

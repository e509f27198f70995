"""The text of a cell, cleaned alike by every reader, and the marks of cells that hold no value of their own.

A mark begins with a zero byte, which no cleaned text holds: what is wrong, the cell as Excel names it, what stood there.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

Text = str | None

#: A number this large was stored as floating point and has lost its last digits.
LOST_DIGITS = "\x00lost:"
#: #N/A, #REF! …
ERROR_CELL = "\x00error:"
#: a formula whose result was not saved with it
FORMULA = "\x00formula:"
#: inside merged cells, but not their first
MERGED = "\x00merged:"
#: zero bytes stood in the text: it was damaged on its way
ZERO_BYTES = "\x00zero:"

#: mark → code of the reason, see ``reasons``
CODES = {
    LOST_DIGITS: "digits_lost",
    ERROR_CELL: "error_cell",
    FORMULA: "formula_without_value",
    MERGED: "merged_cell",
    ZERO_BYTES: "zero_bytes",
}

#: what nobody sees: byte order marks, zero-width marks, soft hyphens, marks that turn the reading direction
_INVISIBLE = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
#: halves of pairs, which are no characters
_HALVES = re.compile("[\ud800-\udfff]")
_ODD = re.compile(f"{_INVISIBLE.pattern[:-1]}\ud800-\udfff]")
#: these join or part letters of some scripts, and are nothing at the edge of a text, in a header or in a key
_JOINERS = re.compile("[\u200c\u200d\u034f\ufe00-\ufe0f]")
_EDGES = (
    " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u200c\u200d\u034f"
)
_SPACES = re.compile(r"\s+")
_BETWEEN_CHINESE = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])\s+(?=[\u2e80-\u9fff\uff00-\uffef])")
#: what a spreadsheet shows instead of a value; ##### is a column too narrow for its number
_ERROR = re.compile(
    r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|EXTERNAL!|PYTHON!|"
    r"GETTING_DATA|#{2,})|Err:5\d\d|#(?:不适用|值!|名称\?|引用!|数值!|空!)",
    re.IGNORECASE,
)


def clean_text(value: str) -> Text:
    """The text without spaces at its edges and without what nobody sees; None when nothing is left.

    NBSP and the full-width space count as spaces. A text with zero bytes and one that is an error of a spreadsheet are marked.
    """
    if value.isascii():
        value = value.strip()
    else:
        if _ODD.search(value) is not None:
            value = _INVISIBLE.sub("", _HALVES.sub("\ufffd", value))
        value = value.strip(_EDGES)
    if "\x00" in value:
        rest = value.replace("\x00", "").strip()
        return f"{ZERO_BYTES}\x00{rest}"
    if value and value[0] in "#E" and _ERROR.fullmatch(value):
        return f"{ERROR_CELL}\x00{value}"
    return value or None


def clean_header(value: Any) -> str:
    """The name of a column: one line, nothing invisible, no line break between Chinese characters; empty when there is none."""
    text = _JOINERS.sub("", _INVISIBLE.sub("", str(value).replace("\x00", "")))
    return _SPACES.sub(" ", _BETWEEN_CHINESE.sub("", text)).strip()


def folded(name: str) -> str:
    """A name of a column as a person compares it: full width, letter case and spaces make no difference."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", clean_header(name))).casefold()


#: what programs and people write where there is nothing
_NOTHING = frozenset(
    {
        "null",
        "none",
        "nan",
        "nil",
        "n/a",
        "na",
        "undefined",
        "(null)",
        "<null>",
        "无",
        "空",
        "-",
        "--",
        "—",
        "——",
        "/",
        "\\n",
    }
)


def plain_key(text: str) -> str:
    """A text as part of a key: without joiners, too; empty for what stands for nothing (NULL, 无, -)."""
    text = text if text.isascii() else _JOINERS.sub("", text)
    return "" if text.casefold() in _NOTHING else text


def address(row: int, column: int) -> str:
    """The cell as Excel names it; row and column count from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def marked(mark: str, at: str, shown: str = "") -> str:
    """A marked cell. at: as Excel names it, or empty. shown: what stands there."""
    return f"{mark}{at}\x00{shown}"


def fault_of(text: str) -> tuple[str, dict[str, str]] | None:
    """Code of the reason and facts for its text, when the cell is marked."""
    if not text.startswith("\x00"):
        return None
    mark = text[: text.index(":") + 1]
    at, _, shown = text[len(mark) :].rpartition("\x00")
    return CODES[mark], {"cell": f"（{at}）" if at else "", "cell_en": f" ({at})" if at else "", "value": shown}


def shown_text(text: Text) -> Text:
    """What a person sees in the cell, without a mark."""
    if text is None or not text.startswith("\x00"):
        return text
    return text.partition(":")[2].rpartition("\x00")[2] or None

"""Which encoding a text file is in: strict decoding decides, a guess only names the likely one in the error."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import BinaryIO

from charset_normalizer import from_bytes

from layers.importing.errors import EncodingWrong, FileTruncated

CANDIDATES = ("utf-8-sig", "gb18030")
BLOCK = 1 << 20
SAMPLE = 64 * 1024

Opener = Callable[[], BinaryIO]


def detect_encoding(open_file: Opener, wanted: str | None, name: str) -> str:
    """The encoding in which the whole file decodes without error.

    wanted: what the mapping says; then only that is tried. Raises EncodingWrong with the line of the first bad byte
    and the likely encoding; FileTruncated when a UTF-8 file ends inside a character.
    """
    with open_file() as file:
        head = file.read(SAMPLE)
    if wanted is None and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        wanted = "utf-16"
    failures: list[tuple[str, int, bool]] = []
    for encoding in [wanted] if wanted else CANDIDATES:
        failure = _first_failure(open_file, encoding)
        if failure is None and not (encoding == "gb18030" and wanted is None and _damaged_utf8(head)):
            return encoding
        failures.append((encoding, *(failure or (0, False))))
    encoding, line, at_end = failures[0]
    if at_end and encoding.startswith("utf-8"):
        raise FileTruncated(
            f"{name} 在一个字的中间断开（第 {line} 行）。请重新发送整个文件。 / "
            f"the file ends inside a character (line {line}); send the whole file again.",
            line=line,
        )
    guess = _guess(head)
    raise EncodingWrong(
        f"{name} 不能按 {' 或 '.join(item[0] for item in failures)} 解码，第 {line} 行有错误字节"
        f"{f'；看起来像 {guess}' if guess else ''}。请另存为 UTF-8，或在映射里写 encoding。 / "
        f"bad bytes on line {line}{f'; it looks like {guess}' if guess else ''}; "
        "save as UTF-8 or set encoding in the mapping.",
        line=line,
        guess=guess,
    )


def _first_failure(open_file: Opener, encoding: str) -> tuple[int, bool] | None:
    """Line of the first byte that does not decode, and whether the file just ends there; None when all decodes."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with open_file() as file:
        while block := file.read(BLOCK):
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n"), False
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return line, True
    return None


def _damaged_utf8(sample: bytes) -> bool:
    """True when nearly all of it is UTF-8: then GB18030 would only read it as rare characters."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(char > "\x7f" for char in text) - bad
    return good > 4 * bad and good > 0


def _guess(sample: bytes) -> str | None:
    best = from_bytes(sample).best()
    return best.encoding if best else None

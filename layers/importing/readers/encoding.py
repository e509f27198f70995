"""Which encoding a text file is in: strict decoding decides, a guess only names the likely one in the error."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import BinaryIO

from charset_normalizer import from_bytes

from layers.importing.errors import EncodingUnknown, EncodingWrong, FileTooHeavy, FileTruncated

CANDIDATES = ("utf-8-sig", "gb18030")
#: encodings that department files can be in, by the codec's own name
ENCODINGS = frozenset(
    {
        "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "gb18030", "gbk",
        "gb2312", "hz", "big5", "big5hkscs", "cp950", "ascii", "iso8859-1", "iso8859-15", "cp1252", "cp437", "shift_jis",
        "cp932", "euc_jp", "euc_kr", "cp949",
    }
)  # fmt: skip
BLOCK = 1 << 20
SAMPLE = 64 * 1024

Opener = Callable[[], BinaryIO]


def check_encoding(encoding: str) -> str:
    """The codec's own name for the encoding of a text. Raises EncodingUnknown for anything else Python calls a codec."""
    plain = encoding.strip().lower().replace("_", "-")
    try:
        if not plain.isascii() or len(plain) > 40:
            raise LookupError
        found = codecs.lookup(plain).name
    except (LookupError, ValueError, UnicodeError):
        found = ""
    if found not in ENCODINGS:
        raise EncodingUnknown(
            f"不认识的文字编码 {plain[:40]!r}；可用：UTF-8、GB18030、GBK、Big5、UTF-16 等。不写则自动识别。 / unknown encoding; for "
            "instance UTF-8, GB18030, GBK, Big5, UTF-16. Leave it out to have it found.",
            known=sorted(ENCODINGS),
        )
    return found


def detect_encoding(open_file: Opener, wanted: str | None, name: str, max_bytes: int) -> str:
    """The encoding in which the whole file decodes without error.

    wanted: what the mapping says; then only that is tried. max_bytes: how long the text may be. Raises FileTooHeavy, EncodingWrong with the line of the first bad byte
    and the likely encoding; FileTruncated when a UTF-8 file ends inside a character.
    """
    with open_file() as file:
        head = file.read(SAMPLE)
    if wanted is None and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        wanted = "utf-16"
    failures: list[tuple[str, int, bool]] = []
    for encoding in [wanted] if wanted else CANDIDATES:
        failure = _first_failure(open_file, encoding, name, max_bytes)
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


def _first_failure(open_file: Opener, encoding: str, name: str, max_bytes: int) -> tuple[int, bool] | None:
    """Line of the first byte that does not decode, and whether the file just ends there; None when all decodes."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line, read = 1, 0
    with open_file() as file:
        while block := file.read(BLOCK):
            read += len(block)
            if read > max_bytes:
                raise FileTooHeavy(
                    f"{name} 展开后超过 {max_bytes // BLOCK} MB（ONEMAP_MAX_UNPACKED_MB）。请分成几个文件。 / more than "
                    f"{max_bytes // BLOCK} MB unpacked: split it.",
                    megabytes=max_bytes // BLOCK,
                )
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n"), False
            except UnicodeError:  # a UTF-16 or UTF-32 without its mark
                return line, False
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            return line, True
    return None


def _damaged_utf8(sample: bytes) -> bool:
    """True when nearly all of it is UTF-8: then GB18030 would only read it as rare characters."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(char > "\x7f" for char in text) - bad
    return good > 4 * bad and good > 0


def load_codecs() -> None:
    """Load all that reading and guessing need, for a process that will not be able to later."""
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    _guess("编号,名称\n1,场所".encode("gb18030"))


def _guess(sample: bytes) -> str | None:
    best = from_bytes(sample, cp_isolation=sorted(ENCODINGS)).best()
    return best.encoding if best else None

"""Which encoding a text file is in: strict decoding first, then whether what was read is likely at all.

A wrong encoding that happens to decode is refused, not read as other words; the error names the likely one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from importing.errors import EncodingUnknown, EncodingWrong, FileTooHeavy, FileTruncated
from importing.files.plausible import decoded, likelier_encoding, likely_encoding, utf8_run

CANDIDATES = ("utf-8-sig", "gb18030")
#: encodings that department files can be in, by the codec's own name
ENCODINGS = frozenset(
    {
        "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "gb18030", "gbk",
        "gb2312", "hz", "big5", "big5hkscs", "cp950", "ascii", "iso8859-1", "iso8859-15", "cp1252", "cp437", "shift_jis",
        "cp932", "euc_jp", "euc_kr", "cp949",
    }
)  # fmt: skip
#: the mark a file begins with → the encoding that uses it, and the one that decodes from any place after it
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
)
BLOCK = 1 << 20
SAMPLE = 64 * 1024
#: of every block so much is kept for judging
SAMPLE_OF_BLOCK = 16 * 1024
SAMPLE_OF_LINES = 16 * SAMPLE_OF_BLOCK
_LINE_END = re.compile("\r\n|\n|\r")

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


@dataclass(frozen=True, slots=True)
class Trial:
    """A file read in one encoding. line: of the first byte that does not decode, None when all does. at_end: the file just
    ends inside a character. sample: lines with something beyond ASCII, from all over the file. utf8_line: where Chinese in
    UTF-8 stands although the encoding is another."""

    encoding: str
    line: int | None
    at_end: bool
    sample: bytes
    utf8_line: int | None = None


def detect_encoding(
    open_file: Opener, wanted: str | None, name: str, max_bytes: int, known: Collection[str] = ()
) -> str:
    """The encoding in which the whole file decodes without error and reads like text.

    wanted: what the mapping says; then only that is tried. max_bytes: how long the text may be. known: names of the county,
    see :func:`likelier_encoding`. Raises FileTooHeavy, EncodingWrong with the line of the first bad byte and the likely
    encoding; FileTruncated when the file ends inside a character.
    """
    with open_file() as file:
        head = file.read(SAMPLE)
    mark = next(((encoding, plain) for start, encoding, plain in MARKS if head.startswith(start)), None)
    candidates: Sequence[str] = [wanted] if wanted else [mark[0]] if mark else CANDIDATES
    failures: list[Trial] = []
    for encoding in candidates:
        trial = _tried(open_file, encoding, mark[1] if mark and encoding == mark[0] else encoding, name, max_bytes)
        if trial.line is None and not (encoding == "gb18030" and wanted is None and _damaged_utf8(head)):
            _check_likely(trial, head, name, known, stated=wanted is not None)
            return encoding
        if trial.line is not None:
            failures.append(trial)
    # the one that went furthest is the likeliest; nearly good UTF-8 is damaged UTF-8
    damaged = [trial for trial in failures if trial.encoding.startswith("utf-8") and _damaged_utf8(head)]
    raise _undecodable(damaged[0] if damaged else max(failures, key=lambda trial: trial.line or 0), name, known)


def _undecodable(trial: Trial, name: str, known: Collection[str]) -> EncodingWrong | FileTruncated:
    line = trial.line
    if trial.at_end:
        return FileTruncated(
            f"{name} 在一个字的中间断开（第 {line} 行）。请重新发送整个文件。 / "
            f"the file ends inside a character (line {line}); send the whole file again.",
            line=line,
        )
    guess = likely_encoding(trial.sample, known)
    looks = None if guess is None or guess == trial.encoding.removesuffix("-sig") else guess
    return EncodingWrong(
        f"{name} 不能按 {trial.encoding} 解码，第 {line} 行有错误字节{f'；看起来像 {looks}' if looks else ''}。"
        "请另存为 UTF-8，或在映射里写 encoding。 / "
        f"it does not decode as {trial.encoding}: bad bytes on line {line}{f'; it looks like {looks}' if looks else ''}; "
        "save as UTF-8 or set encoding in the mapping.",
        line=line,
        guess=looks,
    )


def _check_likely(trial: Trial, head: bytes, name: str, known: Collection[str], *, stated: bool) -> None:
    """Raise EncodingWrong for a text that decodes and yet is more likely in another encoding."""
    sample = trial.sample if trial.sample and b"\0" not in head else head
    guess = likelier_encoding(sample, trial.encoding, known)
    if guess == "utf-8 ×2":
        raise EncodingWrong(
            f"{name} 的中文已成乱码：UTF-8 被当作西文读过一次又存成了 UTF-8。请从原来的系统重新导出。 / the Chinese is garbled: UTF-8 "
            "that was taken for a Western encoding and saved again. Export it once more where it came from.",
            guess="utf-8",
        )
    if guess is None and trial.utf8_line is not None:
        raise EncodingWrong(
            f"{name} 有两种编码：按 {trial.encoding} 读，但第 {trial.utf8_line} 行是 UTF-8。请统一另存为 UTF-8。 / two encodings in one "
            f"file: {trial.encoding}, and UTF-8 on line {trial.utf8_line}. Save all of it as UTF-8.",
            line=trial.utf8_line,
            guess="utf-8",
        )
    if guess is None:
        return
    claim = "映射说是" if stated else "能按"
    tail = "" if stated else " 解码"
    raise EncodingWrong(
        f'{name} {claim} {trial.encoding}{tail}，但读出来不像文字，很可能是 {guess}。请在映射里写 encoding = "{guess}"，或另存为 UTF-8。 / '
        f'read as {trial.encoding} it is no text; it looks like {guess}. Set encoding = "{guess}" in the mapping, or save it as UTF-8.',
        guess=guess,
    )


def _tried(open_file: Opener, encoding: str, plain: str, name: str, max_bytes: int) -> Trial:
    """The whole file in one encoding. plain: the same without its mark, for counting lines."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line, read = 1, 0
    sample: list[bytes] = []
    utf8_line: int | None = None
    after_return = False
    legacy = not encoding.startswith("utf-")
    with open_file() as file:
        while block := file.read(BLOCK):
            read += len(block)
            if read > max_bytes:
                raise FileTooHeavy(
                    f"{name} 展开后超过 {max_bytes // BLOCK} MB（ONEMAP_MAX_UNPACKED_MB）。请分成几个文件。 / more than "
                    f"{max_bytes // BLOCK} MB unpacked: split it.",
                    megabytes=max_bytes // BLOCK,
                )
            sample.append(_lines_beyond_ascii(block, first=read == len(block)))
            if legacy and utf8_line is None and (at := utf8_run(block)) is not None:
                utf8_line = line + block[:at].count(b"\n")
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                before = decoded(error.object[: error.start], plain) or ""
                return Trial(encoding, line + _line_ends(before, after_return=after_return), False, b"".join(sample))
            except UnicodeError:  # a UTF-16 or UTF-32 without its mark
                return Trial(encoding, line, False, b"".join(sample))
            line += _line_ends(text, after_return=after_return)
            after_return = text.endswith("\r")
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            return Trial(encoding, line, True, b"".join(sample))
    return Trial(encoding, None, False, b"".join(sample), utf8_line)


def _line_ends(text: str, *, after_return: bool) -> int:
    """Line ends as editors count them. after_return: the block before ended with half a ``\\r\\n``."""
    if "\r" not in text:
        return text.count("\n") - (after_return and text.startswith("\n"))
    return len(_LINE_END.findall(text)) - (after_return and text.startswith("\n"))


def _lines_beyond_ascii(block: bytes, *, first: bool) -> bytes:
    """The first whole lines of a block that have something beyond ASCII. first: the block begins the file, and so a line."""
    if block.isascii():
        return b""
    kept: list[bytes] = []
    size = 0
    begin = 0 if first else block.find(b"\n") + 1 or len(block)
    for line in block[begin : begin + SAMPLE_OF_LINES].splitlines(keepends=True):
        if line.isascii():
            continue
        if not line.endswith((b"\n", b"\r")):
            # cut where no encoding has the second byte of a character
            line = line[:SAMPLE_OF_BLOCK].rpartition(b",")[0]
        kept.append(line)
        size += len(line)
        if size > SAMPLE_OF_BLOCK:
            break
    return b"".join(kept)


def _damaged_utf8(sample: bytes) -> bool:
    """True when nearly all of it is UTF-8: then GB18030 would only read it as rare characters."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(char > "\x7f" for char in text) - bad
    return good > 4 * bad and good > 0


def load_codecs() -> None:
    """Load all that reading and judging need, for a process that will not be able to later."""
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    likely_encoding("编号,名称\n1,场所".encode("gb18030"))

"""Verifying an audit trail anywhere: plain Python 3.9 or later, no database, no other module of onemap.

    python audit_chain.py EXPORT.jsonl --heads HEADS.jsonl

EXPORT is what ``onemap audit export`` or the auditor's page gives: a first line about the trail, then a row a line. HEADS is
the file of daily heads, kept elsewhere; without it a trail that was cut off at its end, or rebuilt as a whole, looks sound.
Exit code 0: sound; 1: faults, each named; 2: a file cannot be read.

A row's hash is SHA-256 (FIPS 180-4) over the fields ``onemap-audit-1``, name of the chain, number, hash of the row before and
the columns in the order of ``COLUMNS``. A field is its length in bytes, ``:``, its UTF-8 and ``,``; one without a value is
``-,``. Times are UTC with microseconds. A line of heads carries SHA-256 or SM3 (GB/T 32905) over its own fields and
the line before, made the same way.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: JSON document: a line of an export or of the file of heads; nothing is taken for granted of it
Line = dict[str, Any]

FORMAT = "onemap-audit-1"
HEAD_FORMAT = "onemap-audit-head-1"
NOTHING_BEFORE = "0" * 64
COUNTY_COLUMNS = (
    "id", "at", "actor", "action", "target", "purpose", "allowed", "rows_n", "times", "grid_code", "address",
)  # fmt: skip
PLATFORM_COLUMNS = ("id", "at", "actor", "action", "target", "purpose", "allowed", "county", "address")
PLATFORM = "platform"
#: Faults named one by one; more are counted.
MOST_FAULTS = 200

KINDS = {
    "altered": "内容被改 / altered",
    "deleted": "行被删除 / deleted",
    "reordered": "次序被改 / reordered",
    "inserted": "插入的行 / inserted",
    "replaced": "整行被换 / replaced with its hash",
    "cut off": "末尾被截断 / cut off at the end",
    "rebuilt": "整条链被重做 / rebuilt",
    "unchained": "未入链的行 / not in the chain",
    "unreadable": "不是审计行 / not a row of a trail",
    "head altered": "链头文件被改 / the file of heads was altered",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong, and with which rows (numbers in the chain, inclusive)."""

    kind: str
    first: int
    last: int
    detail: str = ""

    def __str__(self) -> str:
        rows = f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"
        detail = "".join(c if c.isprintable() else "?" for c in self.detail)  # a row may hold anything
        return f"{rows}: {KINDS[self.kind]}" + (f" ({detail})" if detail else "")


@dataclass
class Verdict:
    """What came out. rows_n: rows read; number, hash: the last row. faults_n counts beyond those named."""

    chain: str
    rows_n: int = 0
    number: int = 0
    hash: str = NOTHING_BEFORE
    faults: list[Fault] = field(default_factory=list)
    faults_n: int = 0

    def add(self, fault: Fault) -> None:
        """Name a fault, or count it when there are too many."""
        self.faults_n += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def columns_of(chain: str) -> Sequence[str]:
    """The columns of a trail in the order in which they are hashed."""
    return PLATFORM_COLUMNS if chain == PLATFORM else COUNTY_COLUMNS


def packed(fields: Iterable[object]) -> bytes:
    """Fields length-prefixed, so that no two different rows look alike; None is not the empty text."""
    parts = []
    for value in fields:
        if value is None:
            parts.append(b"-,")
            continue
        content = ("true" if value else "false") if isinstance(value, bool) else str(value)
        data = content.encode("utf-8", "surrogatepass")
        parts.append(str(len(data)).encode() + b":" + data + b",")
    return b"".join(parts)


def row_hash(chain: str, row: Mapping[str, Any], *, number: object = None, previous: object = None) -> str:
    """The hash a row must have. number, previous: instead of its own."""
    its_number = row.get("number") if number is None else number
    its_previous = row.get("previous") if previous is None else previous
    values = (row.get(name) for name in columns_of(chain))
    return hashlib.sha256(packed((FORMAT, chain, its_number, its_previous, *values))).hexdigest()


def verify(
    chain: str, rows: Iterable[Mapping[str, Any]], heads: Iterable[Mapping[str, Any]] = (), *, part: bool = False
) -> Verdict:
    """Look through a trail in the order in which it is handed over. heads: known heads of this chain.

    part: the trail is a part, which need not begin at the first row nor end at the last.
    """
    verdict = Verdict(chain)
    hashes = {
        head["number"]: str(head.get("hash"))
        for head in heads
        if head.get("chain") == chain and isinstance(head.get("number"), int)
    }
    wrong: list[Mapping[str, Any]] = []
    last: Mapping[str, Any] | None = None
    for row in rows:
        number = row.get("number")
        if not isinstance(number, int) or isinstance(number, bool):
            _unnumbered(verdict, row)
            continue
        verdict.rows_n += 1
        if last is None:
            _begin(verdict, row, number, hashes, part)
        elif not _in_order(verdict, last, row, number):
            continue
        if row_hash(chain, row) != row.get("hash"):
            wrong.append(row)
        if number in hashes and hashes[number] != row.get("hash"):
            verdict.add(Fault("rebuilt", number, number, "the head kept elsewhere is another / 与外存链头不符"))
        last = row
    _name_wrong(verdict, wrong)
    if last is not None:
        verdict.number, verdict.hash = int(last["number"]), str(last.get("hash"))
    beyond = max(hashes, default=0)
    if beyond > verdict.number and not part:
        verdict.add(Fault("cut off", verdict.number + 1, beyond, "a head kept elsewhere says so / 外存链头为证"))
    return verdict


def _unnumbered(verdict: Verdict, row: Mapping[str, Any]) -> None:
    kind = "unchained" if row.get("id") is not None else "unreadable"
    verdict.add(Fault(kind, verdict.rows_n, verdict.rows_n, f"id {row.get('id')}" if kind == "unchained" else ""))


def _begin(verdict: Verdict, row: Mapping[str, Any], number: int, hashes: Mapping[int, str], part: bool) -> None:
    if number > 1:
        if number - 1 in hashes and hashes[number - 1] != row.get("previous"):
            verdict.add(Fault("rebuilt", number - 1, number - 1, "before the first row / 首行之前"))
        if not part:
            verdict.add(Fault("deleted", 1, number - 1, "the beginning is missing / 缺少开头"))
    elif row.get("previous") != NOTHING_BEFORE:
        verdict.add(Fault("replaced", number, number, "it is not the first / 不是首行"))


def _in_order(verdict: Verdict, last: Mapping[str, Any], row: Mapping[str, Any], number: int) -> bool:
    """Whether the row follows the last one; what is between is named."""
    before = int(last["number"])
    if number == before:
        verdict.add(Fault("inserted", number, number, f"id {row.get('id')}, twice this number / 序号重复"))
        return False
    if number < before:
        verdict.add(Fault("reordered", number, before, "a smaller number follows / 序号倒退"))
        return False
    if number > before + 1:
        verdict.add(Fault("deleted", before + 1, number - 1))
    elif row.get("previous") != last.get("hash"):
        verdict.add(Fault("replaced", before, number, "they do not link / 前后不相接"))
    return True


def _name_wrong(verdict: Verdict, wrong: Sequence[Mapping[str, Any]]) -> None:
    """Rows whose hash is wrong: two that fit in each other's place were exchanged, the others altered."""
    exchanged: set[int] = set()
    few = wrong[:MOST_FAULTS]
    for n, row in enumerate(few):
        for other in few[n + 1 :]:
            one = row_hash(verdict.chain, row, number=other["number"], previous=other.get("previous"))
            two = row_hash(verdict.chain, other, number=row["number"], previous=row.get("previous"))
            if (one, two) == (other.get("hash"), row.get("hash")):
                verdict.add(Fault("reordered", row["number"], other["number"], "these two were exchanged / 两行对调"))
                exchanged |= {row["number"], other["number"]}
    for row in wrong:
        if row["number"] not in exchanged:
            who = f"id {row.get('id')}, {row.get('at')}, {row.get('actor')}, {row.get('action')}"
            verdict.add(Fault("altered", row["number"], row["number"], who))


# --- heads ---------------------------------------------------------------------------------------------------


def head_digest(head: Mapping[str, Any], before: str) -> str:
    """The digest of a line of heads, over its fields and the digest of the line before."""
    fields = (
        HEAD_FORMAT,
        head["algorithm"],
        before,
        head["chain"],
        head["number"],
        head["hash"],
        head["at"],
        head["written_at"],
    )
    return digest(str(head["algorithm"]), packed(fields))


def digest(algorithm: str, data: bytes) -> str:
    """SHA-256 or SM3, hexadecimal. Raises ValueError for another name, or where this Python has no SM3."""
    if algorithm == "sha256":
        return hashlib.sha256(data).hexdigest()
    if algorithm != "sm3":
        raise ValueError(algorithm)
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", data).hexdigest()
    try:
        from cryptography.hazmat.primitives import hashes
    except ImportError:
        raise ValueError("SM3: install the package cryptography / 请安装 cryptography") from None
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize().hex()


def check_heads(heads: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Lines of the file of heads that were altered, removed or exchanged, by their place in the file."""
    faults, before = [], NOTHING_BEFORE
    for place, head in enumerate(heads, start=1):
        try:
            sound = head["before"] == before and head_digest(head, str(head["before"])) == head["digest"]
        except (KeyError, ValueError):
            sound = False
        if not sound:
            faults.append(Fault("head altered", place, place))
        before = str(head.get("digest"))
    return faults


# --- files ---------------------------------------------------------------------------------------------------


def read_lines(path: str) -> Iterator[Line]:
    """The objects of a file of JSON lines; what is none comes as an empty one. Raises OSError."""
    with Path(path).open(encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                content = json.loads(line)
            except (ValueError, RecursionError):
                content = {}
            yield content if isinstance(content, dict) else {}


def verify_file(path: str, heads: Sequence[Mapping[str, Any]] = (), *, part: bool = False) -> Verdict:
    """Verify an export. Raises OSError; ValueError when its first line does not name a chain."""
    lines = read_lines(path)
    about = next(lines, {})
    if about.get("format") != FORMAT or not isinstance(about.get("chain"), str):
        raise ValueError(f"{path}: 首行不是审计导出 / the first line is not that of an export")
    return verify(about["chain"], lines, heads, part=part)


def report(verdict: Verdict, heads_n: int, say: Any = print) -> int:
    """Say what came out; the exit code."""
    say(f"{verdict.chain}: {verdict.rows_n} 行 / rows, {verdict.number} {verdict.hash}")
    for fault in verdict.faults:
        say(f"✗ {fault}")
    if verdict.faults_n > len(verdict.faults):
        say(f"… {verdict.faults_n - len(verdict.faults)} 处未列出 / more")
    if not heads_n:
        say("没有外存链头：末尾截断与整链重做查不出来 / without heads kept elsewhere a cut-off end is not seen")
    if not verdict.faults_n:
        say(f"✓ 完整 / sound ({heads_n} 个链头 / heads)")
    return 1 if verdict.faults_n else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of this file alone."""
    parser = argparse.ArgumentParser(description="Verify an exported audit trail of onemap / 核验审计导出")
    parser.add_argument("export", help="JSON lines")
    parser.add_argument("--heads", help="the file of daily heads, kept elsewhere / 外存的链头文件")
    parser.add_argument("--part", action="store_true", help="the export is a part of the trail / 只是一段")
    options = parser.parse_args(arguments)
    try:
        heads = list(read_lines(options.heads)) if options.heads else []
        verdict = verify_file(options.export, heads, part=options.part)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for fault in check_heads(heads):
        verdict.add(fault)
    return report(verdict, len([head for head in heads if head.get("chain") == verdict.chain]))


if __name__ == "__main__":
    sys.exit(main())

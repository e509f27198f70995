"""``onemap address compare``: pairs of address texts as JSON lines in, their relation out. Needs no database."""

from __future__ import annotations

import sys
from itertools import islice
from typing import BinaryIO

import orjson

from database.errors import Malformed
from gazetteer.reading.compare import compare_many

_LINES_AT_ONCE = 4096


class PairLineInvalid(Malformed):
    """这一行不是 {"a": …, "b": …} | This line is not {"a": …, "b": …}"""


def compare_command() -> None:
    """判断每一行的两个地址是否同一处 / read pairs from standard input, one {"a", "b"} a line; write how the two relate."""
    compare_lines(sys.stdin.buffer, sys.stdout.buffer)


def compare_lines(source: BinaryIO, target: BinaryIO) -> None:
    """Write ``{"relation", "score"}`` for every pair, in order. Raises PairLineInvalid, which names the line."""
    done = 0
    while lines := list(islice(source, _LINES_AT_ONCE)):
        pairs = [_pair(line, number) for number, line in enumerate(lines, done + 1)]
        for found in compare_many(pairs):
            answer = {"relation": found.relation, "score": round(found.score, 4)}
            target.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
        target.flush()
        done += len(lines)


def _pair(line: bytes, number: int) -> tuple[str, str]:
    try:
        pair = orjson.loads(line)
        a, b = pair["a"], pair["b"]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise PairLineInvalid(f"第 {number} 行 / line {number}", line=number) from error
    if not isinstance(a, str) or not isinstance(b, str):
        raise PairLineInvalid(f"第 {number} 行 / line {number}", line=number)
    return a, b

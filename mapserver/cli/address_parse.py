"""``onemap address parse``: lines of text in, one JSON object a line out. Needs no database."""

from __future__ import annotations

import sys
from itertools import islice
from typing import BinaryIO

import orjson

from gazetteer.reading.tagging import tag_many

_LINES_AT_ONCE = 4096


def parse_command() -> None:
    """把标准输入的每一行地址切分成要素 / read addresses from standard input, one a line; write their elements as JSON lines."""
    parse_lines(sys.stdin.buffer, sys.stdout.buffer)


def parse_lines(source: BinaryIO, target: BinaryIO) -> None:
    """Write ``{"text", "elements": [{"label", "text", "start", "end"}]}`` for every line, in order, an empty line too."""
    while lines := list(islice(source, _LINES_AT_ONCE)):
        texts = [line.decode("utf-8", "replace").rstrip("\r\n") for line in lines]
        for text, elements in zip(texts, tag_many(texts), strict=True):
            found = [{"label": e.label, "text": e.text, "start": e.start, "end": e.end} for e in elements]
            target.write(orjson.dumps({"text": text, "elements": found}, option=orjson.OPT_APPEND_NEWLINE))
        target.flush()

"""The attributes of a GeoJSON as they are written: GDAL makes floats of long numbers and dates of texts. The geometries are GDAL's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from importing.errors import EncodingWrong, FileTruncated, FileUnreadable
from importing.files.cells import LOST_DIGITS, Text, marked
from importing.files.encoding import SAMPLE
from importing.files.plausible import likely_encoding
from importing.files.source import ASSUMED_CRS, as_text

_BLANK = re.compile(r"[ \t\r\n]*")
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_SURROGATE = re.compile("[\ud800-\udfff]")
#: numbers from here on may not be exact as floats
EXACT = 2**53


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


class GeoJson:
    """The text of a GeoJSON. Raises EncodingWrong, FileTruncated when it is no JSON, FileUnreadable for names that occur twice."""

    def __init__(self, path: Path, encoding: str | None, *, name: str) -> None:
        """encoding: what the mapping says. name: of the file, for messages."""
        self._name = name
        content = path.read_bytes()
        self.encoding = encoding or next((known for mark, known in _MARKS if content.startswith(mark)), "utf-8")
        try:
            self._text = content.decode(self.encoding)
        except UnicodeError as error:
            line = content[: getattr(error, "start", 0)].count(b"\n") + 1
            likely = likely_encoding(content[:SAMPLE])
            raise EncodingWrong(
                f"{name} 不能按 {self.encoding} 解码，第 {line} 行有错误字节{f'；看起来像 {likely}' if likely else ''}。GeoJSON 应为 UTF-8：请重新导出，或在"
                f"映射里写 encoding。 / it does not decode as {self.encoding}, bad bytes on line {line}{f'; it looks like {likely}' if likely else ''}. "
                "GeoJSON is UTF-8: export it again, or set encoding in the mapping.",
                line=line,
                guess=likely,
            ) from None
        self._decoder = json.JSONDecoder(
            parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=self._members
        )

    def in_utf8(self, path: Path) -> Path:
        """A file that GDAL reads: this one, or a copy beside it in UTF-8."""
        if self.encoding in ("utf-8", "utf-8-sig"):
            return path
        copy = path.with_name("utf8.json")
        copy.write_text(self._text, encoding="utf-8")
        return copy

    def is_whole(self) -> bool:
        """Whether it is JSON from beginning to end."""
        try:
            for _member in self._top():
                pass
        except FileTruncated:
            return False
        return True

    def stated_crs(self) -> str | None:
        """The reference system that it names, at the top or in a feature; ``ASSUMED_CRS`` when nothing does; None for null
        and for what is no name."""
        if '"crs"' not in self._text:
            return ASSUMED_CRS
        for place, value in self._top():
            if place == "crs":
                return _system_name(value)
            geometry = value.get("geometry") if place == "" and isinstance(value, dict) else None
            for part in (value, geometry):
                if place == "" and isinstance(part, dict) and "crs" in part:
                    return _system_name(part["crs"])
        return ASSUMED_CRS

    def rows(self, columns: list[str]) -> Iterator[tuple[list[Text], bool]]:
        """The values of each feature, in the order of the columns, and whether it has a geometry, be it a wrong one."""
        for place, feature in self._top():
            if place != "":
                continue
            properties = feature.get("properties") if isinstance(feature, dict) else None
            values = properties if isinstance(properties, dict) else feature if isinstance(feature, dict) else {}
            texts = [
                value_text(values[column] if column in values else feature.get("id") if column == "id" else None)
                for column in columns
            ]
            yield texts, isinstance(feature, dict) and feature.get("geometry") is not None

    def _top(self) -> Iterator[tuple[str, Any]]:
        """The members of the whole, by name; the features each by itself, without a name."""
        try:
            place = _BLANK.match(self._text, 0).end()  # type: ignore[union-attr]
            if self._text[place : place + 1] == "\ufeff":
                place = _BLANK.match(self._text, place + 1).end()  # type: ignore[union-attr]
            members: dict[str, Any] = {}
            for key, value in self._members_at(place):
                if key is None:
                    yield "", value
                else:
                    members[key] = value
                    yield key, value
            if members.get("type") == "Feature":
                yield "", members
        except (ValueError, IndexError, RecursionError) as error:
            raise FileTruncated(
                f"{self._name} 不是完整的 JSON（{type(error).__name__}）。请重新发送。 / not a whole JSON; send it again."
            ) from None

    def _members_at(self, place: int) -> Iterator[tuple[str | None, Any]]:
        text, decoder = self._text, self._decoder
        if text[place] != "{":
            raise ValueError("object")
        place = _after_blank(text, place + 1)
        while text[place] != "}":
            if text[place] != '"':
                raise ValueError("name")
            key, place = decoder.raw_decode(text, place)
            place = _after_blank(text, place)
            if text[place] != ":":
                raise ValueError("colon")
            place = _after_blank(text, place + 1)
            if key == "features" and text[place] == "[":
                place = _after_blank(text, place + 1)
                while text[place] != "]":
                    value, place = decoder.raw_decode(text, place)
                    yield None, value
                    place = _after_comma(text, place, "]")
                place += 1
            else:
                value, place = decoder.raw_decode(text, place)
                yield key, value
            place = _after_comma(text, place, "}")

    def _members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            names = [name for name, _value in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise FileUnreadable(
                f"{self._name} 的一个要素里“{twice[:40]}”出现两次，无法确定用哪一个。请删去多余的。 / a name stands twice in one feature: "
                "remove one of them.",
                found=twice[:40],
            )
        return members


def value_text(value: Any) -> Text:
    """A value as text: numbers in their own digits, lists and objects as JSON."""
    if value is None or isinstance(value, bool):
        return as_text(value)
    if isinstance(value, _Number):
        return _number_text(value)
    if isinstance(value, list | dict):
        return json.dumps(_plain(value), ensure_ascii=False)
    return as_text(_SURROGATE.sub("\ufffd", value))


def _number_text(value: str) -> Text:
    if "e" not in value.lower():
        return (value.rstrip("0").rstrip(".") if "." in value else str(value)) or "0"
    number = float(value)
    return as_text(number) if abs(number) < EXACT else marked(LOST_DIGITS, "", f"{number:.0f}")


def _plain(value: Any) -> Any:
    """A list or an object with numbers; those too long for a float as texts."""
    if isinstance(value, _Number):
        if not value.lstrip("-").isdigit():
            return float(value) if value.lstrip("-")[:1].isdigit() else str(value)
        return int(value) if abs(int(value)) < EXACT else str(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {_sound(name): _plain(one) for name, one in value.items()}
    return _sound(value) if isinstance(value, str) else value


def _sound(text: str) -> str:
    """A text inside a list without zero bytes and halves of characters, which JSON in the database cannot hold."""
    return _SURROGATE.sub("\ufffd", text.replace("\x00", "\ufffd"))


def _system_name(value: Any) -> str | None:
    """The name in a ``crs`` member of GeoJSON 2008; None for null, for links, and for what is none."""
    properties = value.get("properties") if isinstance(value, dict) else None
    if not isinstance(properties, dict):
        return None
    if value.get("type") == "EPSG" and properties.get("code") is not None:
        return f"EPSG:{properties['code']}"
    name = properties.get("name")
    return name.strip() if isinstance(name, str) and name.strip() else None


def _after_blank(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    assert found is not None
    return found.end()


def _after_comma(text: str, place: int, end: str) -> int:
    place = _after_blank(text, place)
    if text[place] == ",":
        return _after_blank(text, place + 1)
    if text[place] != end:
        raise ValueError("comma")
    return place

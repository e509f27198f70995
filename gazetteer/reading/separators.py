"""What stands between two pieces of an address: a mere separator goes, the mark of a list or a range stays.

The marks in a match key: ``、`` between members of a list, ``~`` between the ends of a range, ``-`` inside a number of several
parts, ``^`` where two numbers stand side by side and nobody can say how. Two numbers are never run together.
"""

from __future__ import annotations

import re

from gazetteer.reading.numerals import CHARACTERS

LIST, RANGE, UNCLEAR = "、", "~", "^"
NUMERAL = f"[0-9{CHARACTERS}]"
#: the counter of a numbered level; longer ones first
COUNTER = "(?:号楼|#楼|单元|村民小组|小组|号|幢|栋|座|层|楼|室|户|组|#|巷|弄|邻|段)"
_SAME = {
    "号楼": "幢",
    "#楼": "幢",
    "栋": "幢",
    "座": "幢",
    "楼": "层",
    "户": "室",
    "#": "号",
    "村民小组": "组",
    "小组": "组",
}
_BLANK = r"\s_()（）\[\]【】{}<>《》\"'“”‘’*＊"
_LISTING = r",，。、;；:：·.．|/\\&＆"
_RANGING = "—―～~"
_DASHES = r"\-‐‑‒–−－"
_ANY = _BLANK + _LISTING + _RANGING + _DASHES
_JOINT = re.compile(
    rf"[{_ANY}]+(?:(?:以及|和|及|与|至|到)[{_ANY}]*(?={NUMERAL}|[A-Za-z]|之))?|(?:以及|和|及|与|至|到)[{_ANY}]*(?={NUMERAL})"
)
_WORD = re.compile("以及|[和及与至到]")
_AND = re.compile(f"[{_LISTING}和及与]")
_TO = re.compile(f"[{_RANGING}至到]")
_HYPHEN = re.compile(f"[{_DASHES}]")
_AND_WITHOUT_COUNTER = re.compile("[、/&;；和及与|]")
_COUNTER_BEFORE = re.compile(f"{COUNTER}$")
_NUMBER_AFTER = re.compile(rf"(之?(?:{NUMERAL}+)(?:[-之]{NUMERAL}+)*)({COUNTER})?")
_LETTER_AFTER = re.compile(rf"[A-Za-z]\d*({COUNTER})")
_LETTER_BEFORE = re.compile(r"(?<![A-Za-z])[A-Za-z]\d*$")
_SUB_NUMBER_BEFORE = re.compile(rf"之{NUMERAL}+$")
# 三和一组: the name 三和 and its first group; 永安街三和五号: two numbers
_NUMERAL_OF_A_LIST = re.compile(rf"(?:[路街道巷弄组号幢栋座层楼室元第、~-]|^)[{CHARACTERS}]+$")
_OF_LISTS = frozenset(("号", "幢", "栋", "座", "层", "楼", "室", "户", "单元", "号楼"))
#: no number is longer; what follows is not looked at, so that the time stays linear
_REACH = 40
_FEW = frozenset("123一二三")
#: a dash after a level's counter only separates: 花莲县-国福里-5邻-1号
_ENDS_A_LEVEL = frozenset("县市镇乡村里区社路街道段巷弄邻组")


def fold_separators(text: str) -> str:
    """Spaces, separators and brackets go; between two numbers the mark that tells what they are to one another stays."""
    return _JOINT.sub(_joined, text)


def _joined(found: re.Match[str]) -> str:
    text, written = found.string, found[0]
    before, after = text[max(0, found.start() - 12) : found.start()], found.end()
    word = _WORD.search(written)
    right = _NUMBER_AFTER.match(text, after, after + _REACH)
    if right is None:
        return _before_no_number(text, written, before, after, word)
    if not before:
        return word[0] if word else ""
    counter = right[2]
    if re.match(NUMERAL, before[-1]):
        return _between_numbers(written, before, word, right)
    if before[-1].isascii() and before[-1].isalpha() and _LETTER_BEFORE.search(before):
        return (
            LIST if _AND.search(written) else RANGE if _TO.search(written) else "-" if _HYPHEN.search(written) else ""
        )
    left = _COUNTER_BEFORE.search(before)
    if left is None or not re.match(NUMERAL, before[: left.start()][-1:]):
        return (word[0] if word else "") + ("-" if _HYPHEN.search(written) and before[-1] not in _ENDS_A_LEVEL else "")
    return _after_counter(written, left[0], right[1], counter, word)


def _before_no_number(text: str, written: str, before: str, after: int, word: re.Match[str] | None) -> str:
    """What follows is no number: letters may still be a list (A、B座); a dash between other words goes or stays as it was."""
    letters = _LETTER_AFTER.match(text, after)
    if letters is not None and _LETTER_BEFORE.search(before):
        if _AND.search(written) or word is not None:
            return RANGE if _TO.search(written) else LIST
        return RANGE if _TO.search(written) else "-" if _HYPHEN.search(written) else ""
    hyphen = "".join(_HYPHEN.findall(written)[:1])
    return (word[0] if word else "") + ("-" if hyphen and before[-1:] not in _ENDS_A_LEVEL else "")


def _between_numbers(written: str, before: str, word: re.Match[str] | None, right: re.Match[str]) -> str:
    if word is not None and not before[-1].isdigit():
        counted = right[2] in _OF_LISTS or (right[2] is None and _WORD.match(right.string, right.end()) is not None)
        if not (counted and _NUMERAL_OF_A_LIST.search(before)):
            return word[0]
    if right[1].startswith("之"):
        return LIST if _AND.search(written) and _SUB_NUMBER_BEFORE.search(before) else ""
    if _TO.search(written):
        return RANGE
    if _AND.search(written):
        return LIST
    return "-" if _HYPHEN.search(written) else UNCLEAR


def _after_counter(written: str, left: str, number: str, counter: str | None, word: re.Match[str] | None) -> str:
    """Between 7号 and a number: the same counter again makes a list or a range, another one only a new level."""
    same = counter is not None and _SAME.get(left, left) == _SAME.get(counter, counter)
    if same or (counter is None and (word or _AND_WITHOUT_COUNTER.search(written) or _TO.search(written))):
        if _TO.search(written) or (same and _HYPHEN.search(written)):
            return RANGE if counter is not None or word else "-"
        return LIST
    if number.startswith("之"):
        return ""
    if _HYPHEN.search(written) or _TO.search(written):
        if counter is None:
            return "-" if left not in ("组", "邻", "段", "巷", "弄", "小组", "村民小组") else ""
        if counter in ("层", "楼") and number in _FEW and left in ("号", "幢", "栋", "座", "号楼", "#楼", "单元"):
            return UNCLEAR  # the first floor, or the first below the ground
        return ""
    if word is not None:
        return word[0]
    return ""

"""Which passwords are common, by rule: how few guesses a password is made of.

A password is cut into pieces that guessers try first (common words, pinyin, dates, runs, sequences, walks on the
keyboard, repetitions); each piece counts as one character. What is left must be worth at least ``LEAST`` characters.
"""

from __future__ import annotations

import re
from itertools import pairwise

LEAST = 6

_WORDS = [
    "password",
    "passwd",
    "pass",
    "word",
    "pwd",
    "admin",
    "administrator",
    "root",
    "user",
    "guest",
    "test",
    "demo",
    "login",
    "welcome",
    "hello",
    "master",
    "manager",
    "system",
    "server",
    "super",
    "secret",
    "letmein",
    "iloveyou",
    "love",
    "dragon",
    "monkey",
    "shadow",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "freedom",
    "whatever",
    "trustno",
    "qwerty",
    "asdf",
    "zxcv",
    "abc",
    "default",
    "changeme",
    "change",
    "temp",
    "office",
    "public",
    "china",
    "zhongguo",
    "beijing",
    "shanghai",
    "hangzhou",
    "woaini",
    "woaiwojia",
    "nihao",
    "mima",
    "guanliyuan",
    "xitong",
    "anquan",
    "shenji",
    "wangge",
    "xiangzhen",
    "shuju",
    "yiertiao",
    "onemap",
    "yizhangtu",
    "ditu",
    "google",
    "microsoft",
    "windows",
    "oracle",
    "postgres",
    "database",
    "computer",
    "internet",
    "huawei",
    "alibaba",
    "tencent",
    "weixin",
    "baidu",
    "taobao",
    "company",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "december",
    "monday",
    "friday",
]
_NUMBERS = ("1314", "520", "521", "888", "666", "168", "518", "110", "119", "120", "007", "5201314", "147258369")
_LOOK_ALIKE = str.maketrans({"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t"})
_ROWS = ("`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./", "789", "456", "123")
_COLUMNS = tuple("".join(column) for column in zip("1234567890", "qwertyuiop", "asdfghjkl;", "zxcvbnm,./", strict=True))
_DIAGONALS = ("741", "852", "963", "159", "357", "zaq", "xsw", "cde", "vfr", "bgt", "nhy", "mju")
_SHIFTED = str.maketrans('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./")
_INITIAL = "(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?"
_FINAL = (
    "(?:iong|iang|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|ei|ao|ou|an|en|ia|ie|iu|in|ua|uo|ue|ui|un|er|a|o|e|i|u|v)"
)
_PINYIN = re.compile(_INITIAL + _FINAL)
_DATE = re.compile(
    r"(?:19|20)\d\d(?:[-./年]?(?:0?[1-9]|1[0-2])(?:[-./月]?(?:0?[1-9]|[12]\d|3[01]))?)?|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
_PHONE = re.compile(r"1[3-9]\d{9}")
_REPEATED = re.compile(r"(.{1,8}?)\1+")


def is_common(password: str) -> bool:
    """True when the password is made of too few pieces that nobody would guess."""
    return strength(password) < LEAST


def strength(password: str) -> int:
    """How many characters' worth of guessing the password is: each common piece counts one."""
    folded = password.casefold()
    best = [0, *([len(folded)] * len(folded))]
    for end in range(1, len(folded) + 1):
        best[end] = best[end - 1] + 1
        for start in range(max(0, end - 40), end - 1):
            if best[start] + 1 < best[end] and _is_cheap(folded[start:end]):
                best[end] = best[start] + 1
    return best[-1]


def _is_cheap(piece: str) -> bool:
    """True for what guessers try as one: a word, a syllable, a date, a run, a sequence, a walk, a repetition."""
    plain = piece.translate(_LOOK_ALIKE)
    if piece in _NUMBERS or _is_word(piece) or _is_word(plain) or _PINYIN.fullmatch(piece):
        return True
    if _DATE.fullmatch(piece) or _PHONE.fullmatch(piece):
        return True
    if len(piece) < 3:
        return len(set(piece)) == 1
    return _is_sequence(piece) or _is_walk(piece) or _is_repetition(piece)


def _is_word(piece: str) -> bool:
    return len(piece) >= 3 and (piece in _WORDS or piece[::-1] in _WORDS)


def _is_sequence(piece: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in pairwise(piece)}
    return len(steps) == 1 and abs(steps.pop()) <= 2


def _is_walk(piece: str) -> bool:
    keys = piece.translate(_SHIFTED)
    return any(keys in line or keys[::-1] in line for line in (*_ROWS, *_COLUMNS, *_DIAGONALS))


def _is_repetition(piece: str) -> bool:
    found = _REPEATED.fullmatch(piece)
    return found is not None and len(found[1]) < len(piece)

"""Whether a text reads like a register, or like bytes taken for the wrong encoding. Pure functions over bytes and texts.

Most wrong encodings decode without an error: Big5 as GB18030 gives rare characters, EUC-KR as GB18030 gives common ones
that nobody puts side by side. So characters are weighed: those that registers are made of count for the text, rare ones,
letters of other scripts and private ones against it. A text is doubted only when another encoding reads it far better.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

FREQUENT = Path(__file__).parent / "frequent_characters.txt"
#: syllables that Korean addresses, names and reports are mostly made of
HANGUL = frozenset(
    "가각간강개거건경계고공과관광교구국군권규그금기길김나남내너년노는니다단당대도동되드들등디라락래로록리마만매면명모목무문미민바박반방배번별병"
    "보부북분비사산상새생서석선설성세소속수순시식신실아안야양어업에여역연영오와완용우운원월위유으은을음읍의이인일임입자장재적전점정제조종주중지"
    "진차처천청체촌총최추춘출치태터통특파평포표품하학한합해행향현형호화환황회후희이름주소전화번호성별생년월일"
)
_KANA = (0x3041, 0x30FF)
#: a text that reads this badly is doubted when another encoding reads it this well, and better by so much; few characters
#: say less, so the margin grows by EVIDENCE over the root of their number
DOUBTED, TRUSTED, MARGIN, EVIDENCE = 0.7, 0.5, 0.35, 2.0
#: fewer characters beyond ASCII prove nothing
FEWEST = 6
LEGACY = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1252")
#: name of an encoding → what to call it, and how a mapping writes it
SHOWN = {"big5hkscs": "big5", "cp932": "shift_jis", "cp949": "euc-kr", "euc_jp": "euc-jp", "cp1252": "cp1252"}
#: encodings of which one holds the other: reading one as the other changes little, and is no error
ALIKE = (
    {"gb18030", "gbk", "gb2312", "hz"},
    {"big5", "big5hkscs", "cp950"},
    {"shift_jis", "cp932"},
    {"euc_kr", "cp949"},
    {"iso8859-1", "iso8859-15", "cp1252", "cp437"},
)
#: four or more characters of Chinese in UTF-8, one after the other
_UTF8 = re.compile(rb"(?<![\x80-\xff])(?:[\xe3-\xe9\xef][\x80-\xbf]{2}){4,}(?![\x80-\xff])")
#: UTF-8 that was read as Windows Western and written again
_TWICE = re.compile("[\u00e3-\u00e9\u00ef][\u0080-\u00bf\u0152-\u0178\u0192\u02c6-\u02dc\u2013-\u203a\u20ac\u2122]{2}")


def likelier_encoding(sample: bytes, read_as: str, known: Collection[str] = ()) -> str | None:
    """The encoding in which the bytes are far more likely than in ``read_as``; None when ``read_as`` is plausible.

    sample: bytes of the file, best its lines with something beyond ASCII; it may end inside a character. read_as: codec name.
    known: names the county has (divisions, roads), any script; one found in the text speaks for the encoding it was read in.
    Says nothing of fewer than six characters beyond ASCII.
    """
    own = decoded(sample, read_as)
    if own is None:
        found = likely_encoding(sample, known)
        return None if found == codecs.lookup(read_as).name.removesuffix("-sig") else found
    if wide := _without_mark(sample):
        return None if codecs.lookup(read_as).name in ("utf-16", wide) else wide
    name = codecs.lookup(read_as).name
    if name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        return "utf-8 ×2" if name.startswith("utf-8") and written_twice(own) else None
    if _is_utf8(sample):
        return "utf-8"
    if sum(char > "\x7f" for char in own) < FEWEST or _hits(own, known):
        return None
    mine = plausibility(own, name)
    if mine > DOUBTED and not known:
        return None
    best, score, hits = _best(sample, known, without=name)
    margin = MARGIN + EVIDENCE / sum(char > "\x7f" for char in own) ** 0.5
    if best is None or (not hits and (score < TRUSTED or score - mine < margin or mine > DOUBTED)):
        return None
    return SHOWN.get(best, best)


def likely_encoding(sample: bytes, known: Collection[str] = ()) -> str | None:
    """The encoding that the bytes are most likely in, for a message; None when none reads like text."""
    if wide := _without_mark(sample):
        return wide
    if decoded(sample, "utf-8") is not None:
        return "utf-8"
    best, score, hits = _best(sample, known)
    if best is not None and (hits or score >= TRUSTED):
        return SHOWN.get(best, best)
    return "utf-8" if _UTF8.search(sample) else None


def decoded(sample: bytes, encoding: str) -> str | None:
    """The text, without a character that is cut off at the end; None when it does not decode."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except (UnicodeError, LookupError):
        return None


def plausibility(text: str, encoding: str) -> float:
    """How much the characters beyond ASCII read like text of the script the encoding is for: about 1 for text, below 0 for
    what was read in a wrong encoding."""
    weigh = _WEIGHTS.get(_family(encoding), _chinese)
    counts = Counter(char for char in text if char > "\x7f")
    for char in [char for char in counts if _neutral(char)]:
        del counts[char]
    n = sum(counts.values())
    if n == 0:
        return 0.0
    if weigh is _western:
        return _western_text(text, n)
    if weigh is _japanese and not any(_KANA[0] <= ord(char) <= _KANA[1] for char in counts):
        return -1.0  # no Japanese without its kana
    return sum(weigh(char) * times for char, times in counts.items()) / n


def written_twice(text: str) -> bool:
    """True when the text is UTF-8 that some program took for Windows Western and saved as UTF-8 again."""
    beyond = sum(char > "\x7f" for char in text)
    return beyond >= FEWEST and 3 * len(_TWICE.findall(text)) > 0.6 * beyond


def utf8_run(sample: bytes) -> int | None:
    """Where a run of Chinese in UTF-8 begins, too long to be anything else; None without one."""
    found = _UTF8.search(sample)
    return None if found is None else found.start()


def _is_utf8(sample: bytes) -> bool:
    """Three characters of three bytes each and nothing that is not UTF-8: no other encoding looks like that by chance."""
    text = decoded(sample, "utf-8")
    return text is not None and sum(char >= "\u0800" for char in text) >= 3


def _best(sample: bytes, known: Collection[str], without: str = "") -> tuple[str | None, float, int]:
    found: tuple[str | None, float, int] = (None, -9.0, 0)
    alike = next((set(group) for group in ALIKE if without in group), {without})
    for encoding in LEGACY:
        text = None if encoding in alike else decoded(sample, encoding)
        if text is None:
            continue
        hits, score = _hits(text, known), plausibility(text, encoding)
        if (hits, score) > (found[2], found[1]):
            found = encoding, score, hits
    return found


def _hits(text: str, known: Iterable[str]) -> int:
    return sum(len(name) > 1 and name > "\x7f" and name in text for name in known)


def _without_mark(sample: bytes) -> str | None:
    """UTF-16 by its zeros: every ASCII character has one, before or behind it."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or len(sample) < 2 * FEWEST:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 4 or max(even, odd) * 20 < len(sample) or min(even, odd) * 10 > max(even, odd):
        return None
    found = "utf-16-le" if odd > even else "utf-16-be"
    text = decoded(sample, found) or ""
    good = sum((char.isascii() and char != "\0") or char in _frequent() or _neutral(char) for char in text)
    return found if 2 * good > len(text) else None


def _family(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    if name in ("cp932", "shift_jis", "euc_jp"):
        return "japanese"
    if name in ("cp949", "euc_kr"):
        return "korean"
    return "western" if name in ("cp1252", "iso8859-1", "iso8859-15", "cp437") else "chinese"


def _neutral(char: str) -> bool:
    """Marks and full-width forms: every script has them."""
    return (
        "\u2010" <= char <= "\u2027" or "\u3000" <= char <= "\u301f" or "\uff01" <= char <= "\uff5e" or char in "·×°§—"
    )


@lru_cache(maxsize=1)
def _frequent() -> frozenset[str]:
    lines = FREQUENT.read_text(encoding="utf-8").splitlines()
    return frozenset("".join(line for line in lines if not line.startswith("#")))


@lru_cache(maxsize=1)
def _first_levels() -> tuple[frozenset[str], frozenset[str]]:
    """The first levels of GB 2312, Big5 and JIS X 0208, and the second of GB 2312 and Big5."""
    first = _table("gb2312", 0xB0, 0xD7) | _table("big5", 0xA4, 0xC6, low=True) | _table("euc_jp", 0xB0, 0xCF)
    return first, _table("gb2312", 0xD8, 0xF7) | _table("big5", 0xC9, 0xF9, low=True)


def _table(encoding: str, start: int, end: int, *, low: bool = False) -> frozenset[str]:
    trails = [*(range(0x40, 0x7F) if low else ()), *range(0xA1, 0xFF)]
    pairs = (bytes((lead, trail)) for lead in range(start, end + 1) for trail in trails)
    return frozenset("".join(pair.decode(encoding, "ignore") for pair in pairs))


def _chinese(char: str) -> float:
    if char in _frequent():
        return 1.5
    first, second = _first_levels()
    if char in first:
        return 0.0
    if "\u3400" <= char <= "\u9fff" or char >= "\U00020000":
        return -0.5 if char in second else -1.0
    return -3.0 if _KANA[0] <= ord(char) <= _KANA[1] else -2.0  # kana, other scripts, private and unassigned


def _japanese(char: str) -> float:
    if _KANA[0] <= ord(char) <= _KANA[1]:
        return 1.5
    if char in _frequent():
        return 1.2
    if "\uff61" <= char <= "\uff9f":  # half-width kana are what Chinese looks like in Shift-JIS
        return -1.5
    return 0.4 if char in _first_levels()[0] else -1.0


def _korean(char: str) -> float:
    if "\uac00" <= char <= "\ud7a3":
        return 1.5 if char in HANGUL else 0.0
    return -1.5


def _western(char: str) -> float:
    """Only for the table of weights: see ``_western_text``."""
    return 1.5 if char.isalpha() else -1.5


_IN_WORDS = re.compile(
    r"(?:(?<=[A-Za-z]{2})|(?<=\b[A-Za-z]))[\u00c0-\u00ff](?![^\x00-\x7f])|[\u00c0-\u00ff](?=[A-Za-z]{2})"
)


def _western_text(text: str, n: int) -> float:
    """Western letters beyond ASCII stand in words of others."""
    return 3.0 * len(_IN_WORDS.findall(text)) / n - 1.5


_WEIGHTS = {"chinese": _chinese, "japanese": _japanese, "korean": _korean, "western": _western}

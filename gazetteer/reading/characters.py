"""One character for all its forms: widths, radicals, Traditional and variant ideographs, digits of other scripts, invisible marks."""

from __future__ import annotations

import re
import unicodedata

from opencc import OpenCC

_CJK = range(0x3400, 0xA000)
# characters that OpenCC changes although they stand in mainland place names as they are: 乾元镇, 康乾街道
_UNCHANGED = "乾"
#: CJK Radicals Supplement and the ideographs they are forms of (Unicode, EquivalentUnifiedIdeograph); NFKC leaves them
_RADICALS = dict(zip(
    "⺁⺂⺃⺄⺅⺆⺈⺉⺊⺋⺌⺍⺎⺏⺐⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺫⺬⺭⺯⺰⺱⺲⺳⺴⺶⺹⺺⺻⺼⺾⺿⻀⻁⻂⻃⻄⻅⻆⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲",
    "厂乛乚乙亻冂刀刂卜㔾小小兀尣尢巳幺彑彐忄心扌攵旡日月歺民氵氺灬爫爫丬牛犭王目示礻糹纟罓罒㓁冗羊耂肀聿肉艹艹艹虎衤覀西见角讠贝车辶辶辶邑钅長镸长门阝雨青韦页风飞食飠饣马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀",
    strict=True,
))  # fmt: skip


#: beyond it stand no digits, and no invisible marks but tags and variation selectors
_LAST = 0x20000


def _invisible() -> dict[int, None]:
    """Characters that nobody sees: format and control marks, variation selectors, Hangul fillers. White space is none of them."""
    marks = [
        code for code in range(_LAST) if unicodedata.category(chr(code)) in ("Cf", "Cc") and not chr(code).isspace()
    ]
    selectors = (*range(0xFE00, 0xFE10), *range(0x180B, 0x180E), *range(0xE0000, 0xE01F0))
    return dict.fromkeys([*marks, *selectors, 0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0])


def _variants() -> dict[int, str]:
    """Every ideograph whose simplified form differs (OpenCC t2s), and 衖, the Shanghai and Taiwan way to write 弄."""
    characters = [chr(code) for code in _CJK]
    simplified = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    table = {
        ord(old): new for old, new in zip(characters, simplified, strict=True) if old != new and old not in _UNCHANGED
    }
    return table | {ord("衖"): "弄"}


def _other_digits() -> dict[int, str]:
    """Digits of other scripts, those that NFKC leaves: the Arabic-Indic ones and so on."""
    codes = (code for code in range(0x80, _LAST) if unicodedata.category(chr(code)) == "Nd")
    return {code: str(unicodedata.digit(chr(code))) for code in codes}


_INVISIBLE = _invisible()
_FORMS = {ord(radical): plain for radical, plain in _RADICALS.items()} | _INVISIBLE | _other_digits()
_VARIANTS = _variants()
_ORDINARY = re.compile("[ -~\u4e00-\u9fff]*+$")
# ①, ², ½ and the like become digits, but never a part of the number beside them
_ENCLOSED = re.compile(
    "(?<=[0-9０-９])(?=[²³¹¼-¾⁰-₉⅐-↉①-⒛⓪-⓿❶-➓㉈-㉟㊱-㊿])|(?<=[²³¹¼-¾⁰-₉⅐-↉①-⒛⓪-⓿❶-➓㉈-㉟㊱-㊿])(?=[0-9０-９])"
)


def fold_forms(text: str) -> str:
    """Full-width, compatibility, radical and ligature forms become ordinary ones (NFKC and more); invisible marks go."""
    if _ORDINARY.match(text):
        return text
    return unicodedata.normalize("NFKC", _ENCLOSED.sub("^", text.translate(_FORMS))).translate(_INVISIBLE)


def fold_variants(text: str) -> str:
    """Traditional and variant characters become the simplified ones used in addresses."""
    return text.translate(_VARIANTS)

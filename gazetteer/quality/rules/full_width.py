"""全角字母数字 | Full-width letters and digits

问题：地址文字里有全角的字母、数字、＃、－。
影响：按文字查询、排序、去重都会漏。
处理：可一键修复：改为半角。
English: The text holds full-width letters or digits.
"""

from gazetteer.quality.mending import narrow, text_fix
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="「{text}」里有全角字母或数字",
    where="NOT a.plain AND a.live AND a.full_text ~ '[０-９Ａ-Ｚａ-ｚ＃－]'",
    facts="jsonb_build_object('text', a.full_text)",
    fix=text_fix(narrow),
)

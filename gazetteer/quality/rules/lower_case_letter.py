"""小写字母 | Lower-case letters

问题：门牌、楼栋、单元或户室里的字母是小写（12a号、b幢）。标准写法用大写。
影响：a 与 A 各建一条，成为重复。
处理：可一键修复：改为大写。
English: Letters of a number, building, entrance or room are in lower case.
"""

from gazetteer.quality.mending import text_fix, upper_case
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="「{text}」里的字母应大写",
    where="a.live AND concat(a.number_plate, a.building, a.entrance, a.room) ~ '[a-z]'",
    facts="jsonb_build_object('text', a.full_text)",
    fix=text_fix(upper_case),
)

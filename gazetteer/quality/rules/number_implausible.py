"""门牌号不合常理 | Implausible number

问题：门牌号是 0 号，或大于 9999 号。
影响：多半是占位或录入多了一位。
处理：到现场核对门牌。
English: The number is zero, or greater than 9999.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="numbering",
    severity="medium",
    says="门牌号「{number}」不合常理",
    where="a.live AND (a.number_n = 0 OR a.number_n > 9999)",
    facts="jsonb_build_object('number', a.number_plate)",
)

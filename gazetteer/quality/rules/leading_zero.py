"""门牌号以 0 开头 | Number with a leading zero

问题：门牌号为对齐而补了 0（012号）。
影响：012号与12号会各建一条。
处理：可一键修复：去掉前面的 0。
English: A number plate was padded with zeros.
"""

from gazetteer.quality.mending import drop_leading_zeros, text_fix
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="门牌号「{number}」以 0 开头",
    where="a.live AND a.number_plate ~ '^[^0-9]*0[0-9]*[1-9]'",
    facts="jsonb_build_object('number', a.number_plate)",
    fix=text_fix(drop_leading_zeros),
)

"""用相对位置描述 | Relative wording

问题：地址写成“某处对面、旁边、附近、隔壁、交叉口”，说的是旁边而不是它自己。
影响：按它定位会走到另一户。
处理：到现场确定门牌后改写；没有门牌的，报地名办编制。
English: The text says opposite, beside or near something instead of naming the door.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="用「{word}」描述位置，不是地址",
    where="a.live AND a.full_text ~ '(对面|對面|旁边|旁邊|附近|隔壁|交叉口|斜对过)'",
    facts="jsonb_build_object('word', substring(a.full_text FROM '(对面|對面|旁边|旁邊|附近|隔壁|交叉口|斜对过)'))",
)

"""门牌缺少“号” | Number without its counter

问题：门牌号没有带量词（写成“12”而不是“12号”），而全库绝大多数都带。
影响：分不清 3 是门牌、楼栋还是房间，匹配时只能猜。
处理：对照门牌补上量词；不自动改，因为数字属于哪一级要人确认。
English: The number plate lacks its counter although the library writes it.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="门牌号「{value}」缺少量词",
    where="""
        a.live AND length(translate(a.number_plate, '号號', '')) = length(a.number_plate)
        AND (SELECT avg((length(translate(n.number_plate, '号號', '')) < length(n.number_plate))::int) >= 0.9
             FROM pg_temp.quality_address n WHERE n.number_plate IS NOT NULL)
    """,
    facts="jsonb_build_object('value', a.number_plate)",
)

"""单元缺少“单元” | Entrance without its counter

问题：单元没有带量词（写成“2”而不是“2单元”），而全库绝大多数都带。
影响：分不清 3 是门牌、楼栋还是房间，匹配时只能猜。
处理：对照门牌补上量词；不自动改，因为数字属于哪一级要人确认。
English: The entrance lacks its counter although the library writes it.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="单元「{value}」缺少量词",
    where="""
        a.live AND length(translate(a.entrance, '元门梯', '')) = length(a.entrance)
        AND (SELECT avg((length(translate(n.entrance, '元门梯', '')) < length(n.entrance))::int) >= 0.9
             FROM pg_temp.quality_address n WHERE n.entrance IS NOT NULL)
    """,
    facts="jsonb_build_object('value', a.entrance)",
)

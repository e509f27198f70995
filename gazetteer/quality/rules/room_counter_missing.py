"""户室缺少“室” | Room without its counter

问题：户室没有带量词（写成“501”而不是“501室”），而全库绝大多数都带。
影响：分不清 3 是门牌、楼栋还是房间，匹配时只能猜。
处理：对照门牌补上量词；不自动改，因为数字属于哪一级要人确认。
English: The room lacks its counter although the library writes it.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="户室「{value}」缺少量词",
    where="""
        a.live AND length(translate(a.room, '室户戶号號房', '')) = length(a.room)
        AND (SELECT avg((length(translate(n.room, '室户戶号號房', '')) < length(n.room))::int) >= 0.9
             FROM pg_temp.quality_address n WHERE n.room IS NOT NULL)
    """,
    facts="jsonb_build_object('value', a.room)",
)

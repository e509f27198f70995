"""楼栋缺少“幢” | Building without its counter

问题：楼栋没有带量词（写成“3”而不是“3幢”），而全库绝大多数都带。
影响：分不清 3 是门牌、楼栋还是房间，匹配时只能猜。
处理：对照门牌补上量词；不自动改，因为数字属于哪一级要人确认。
English: The building lacks its counter although the library writes it.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="楼栋「{value}」缺少量词",
    where="""
        a.live AND length(translate(a.building, '幢栋棟座楼樓舍', '')) = length(a.building)
        AND (SELECT avg((length(translate(n.building, '幢栋棟座楼樓舍', '')) < length(n.building))::int) >= 0.9
             FROM pg_temp.quality_address n WHERE n.building IS NOT NULL)
    """,
    facts="jsonb_build_object('value', a.building)",
)

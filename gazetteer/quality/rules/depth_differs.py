"""深度与分级不符 | Depth differs from the levels

问题：“深度”栏与实际填写的最深一级对不上。
影响：按深度统计门牌数、户数会错，找上级也会找错。
处理：重新解析这条地址，或补填缺的一级。
English: The depth column is not the deepest level present.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="标的深度是 {depth}，最深的一级是 {deepest}",
    where="""
        a.live AND a.depth <> CASE WHEN a.room IS NOT NULL THEN 12 WHEN a.floor IS NOT NULL THEN 11 WHEN a.entrance IS NOT NULL THEN 10
            WHEN a.building IS NOT NULL THEN 9 WHEN a.number_plate IS NOT NULL THEN 8 WHEN a.road IS NOT NULL THEN 7
            WHEN a.village_group IS NOT NULL THEN 6 ELSE 5 END
    """,
    facts="""
        jsonb_build_object('depth', a.depth, 'deepest', CASE WHEN a.room IS NOT NULL THEN '户室' WHEN a.floor IS NOT NULL THEN '楼层'
            WHEN a.entrance IS NOT NULL THEN '单元' WHEN a.building IS NOT NULL THEN '楼栋' WHEN a.number_plate IS NOT NULL THEN '门牌号'
            WHEN a.road IS NOT NULL THEN '街路巷' WHEN a.village_group IS NOT NULL THEN '组' ELSE '村' END)
    """,
)

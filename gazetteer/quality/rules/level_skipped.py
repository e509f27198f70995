"""缺少中间一级 | A level is skipped

问题：有单元却没有楼栋，或有楼栋、户室却没有门牌（小区、路）。
影响：同一个“2单元501室”在村里可以有几十处。
处理：补上缺的一级。小区没有门牌的，至少写明小区名。
English: There is an entrance without a building, or a building or room without number, road or group.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="有{below}，却没有{above}",
    where="""
        a.live AND (a.entrance IS NOT NULL AND a.building IS NULL AND a.number_plate IS NULL
            OR coalesce(a.building, a.room) IS NOT NULL AND coalesce(a.number_plate, a.road, a.village_group) IS NULL)
    """,
    facts="""
        jsonb_build_object('below', CASE WHEN a.entrance IS NOT NULL THEN '单元' WHEN a.building IS NOT NULL THEN '楼栋' ELSE '户室' END,
            'above', CASE WHEN a.entrance IS NOT NULL AND a.building IS NULL THEN '楼栋' ELSE '路、组或门牌' END)
    """,
)

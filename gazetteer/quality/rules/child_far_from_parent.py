"""离所属楼栋太远 | Far from its parent

问题：户室、单元离它所属的楼栋（门牌）超过 300 米。
影响：同一栋楼的户分散在图上，归到不同网格。
处理：核对坐标；一般户室直接用楼栋的坐标。
English: The address lies more than 300 m from its parent.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="离上级「{parent}」{metres} 米",
    query="""
        SELECT c.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id, 'metres', round(m.metres::numeric))
        FROM pg_temp.quality_child c JOIN pg_temp.quality_address p ON p.id = c.parent_id
        CROSS JOIN LATERAL (SELECT sqrt(((c.lon - c.parent_lon) * cos(radians(c.lat)) * 111320) ^ 2
                                        + ((c.lat - c.parent_lat) * 110850) ^ 2) AS metres) m
        -- the first condition is cheap: who is 300 m away is 0.0018 degrees away in one direction at least
        WHERE (abs(c.lon - c.parent_lon) > 0.0018 OR abs(c.lat - c.parent_lat) > 0.0018)
          AND c.live AND c.parent_live AND c.parent_depth >= 8 AND m.metres > 300
    """,
)

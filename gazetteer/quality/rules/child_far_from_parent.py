"""离所属楼栋太远 | Far from its parent

问题：户室、单元离它所属的楼栋（门牌）超过 300 米。
影响：同一栋楼的户分散在图上，归到不同网格。
处理：核对坐标；一般户室直接用楼栋的坐标。
English: The address lies more than 300 m from its parent.
"""

from gazetteer.quality.rule import Rule

RULE = Rule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="离上级「{parent}」{metres} 米",
    query="""
        SELECT a.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id, 'metres', round(m.metres))
        FROM pg_temp.quality_address a JOIN pg_temp.quality_address p ON p.id = a.parent_id
        CROSS JOIN LATERAL (SELECT (sqrt(((a.lon - p.lon) * cos(radians(a.lat)) * 111320) ^ 2 + ((a.lat - p.lat) * 110850) ^ 2))::numeric
                            AS metres) m
        WHERE a.live AND p.live AND p.depth >= 8 AND m.metres > 300
    """,
)

"""库里有上级却没挂 | Parent exists but is not linked

问题：地址没有上级，而同村同门牌（楼栋、单元）的上级就在库里。
影响：按楼查户、整栋停用时会漏掉它。
处理：可一键修复：挂到文字完全一致、且唯一的上级。有两个一样的上级时先处理重复。
English: The address has no parent although exactly one address with its upper levels is in the library.
"""

from gazetteer.quality.rule import Fix, QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="low",
    says="库里有上级「{parent}」，本地址没有挂上去",
    query="""
        SELECT u.id, jsonb_build_object('parent', u.parent, 'parent_id', u.parent_id)
        FROM (SELECT DISTINCT ON (id) * FROM (SELECT a.id, min(p.id) AS parent_id, min(p.full_text) AS parent, up.depth, count(*) AS n
             FROM pg_temp.quality_address a
             CROSS JOIN LATERAL (VALUES
                 (8, concat_ws('/', a.village_group, a.road, a.number_plate)),
                 (9, CASE WHEN a.building IS NOT NULL THEN concat_ws('/', a.village_group, a.road, a.number_plate, a.building) END),
                 (10, CASE WHEN a.entrance IS NOT NULL
                           THEN concat_ws('/', a.village_group, a.road, a.number_plate, a.building, a.entrance) END)
             ) AS up(depth, levels)
             JOIN pg_temp.quality_address p ON p.path = hashtextextended(up.levels, hashtext(a.division_code))
              AND p.depth = up.depth AND p.live AND p.division_code = a.division_code
             WHERE a.live AND a.parent_id IS NULL AND a.depth > up.depth AND (a.number_plate IS NOT NULL OR up.depth > 8)
             GROUP BY a.id, up.depth) every ORDER BY id, depth DESC) u
        WHERE u.n = 1
    """,
    fix=Fix(
        ("parent_id",),
        "SELECT x.id, (f.facts ->> 'parent_id')::bigint AS parent_id FROM pg_temp.quality_target x "
        "JOIN address_finding f ON f.address_id = x.id AND f.rule = 'parent_unlinked' AND f.state = 'open'",
    ),
)

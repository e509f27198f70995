"""同一级写了两遍 | A level is repeated

问题：地址文字里同一级写了两遍（武康街道武康街道、12号12号）。
影响：同一地址有两种写法；分级时多出一级。
处理：删去重复的一遍；村名与路名本来相同的，忽略并写明。
English: A level stands twice in the text.
"""

from gazetteer.quality.rule import Rule

RULE = Rule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="「{part}」写了两遍",
    query="""
        -- twice in a row; of town and village also anywhere, except in a remark in brackets
        SELECT a.id, jsonb_build_object('part', min(l.part))
        FROM pg_temp.quality_address a
        CROSS JOIN LATERAL (VALUES (a.county, false), (a.town, true), (a.village, true), (a.village_group, false), (a.road, false),
                                   (a.number_plate, false), (a.building, false), (a.entrance, false), (a.room, false)) AS l(part, anywhere)
        WHERE a.live AND length(l.part) > 1 AND (
            strpos(a.full_text, l.part || l.part) > 0
            OR l.anywhere AND length(l.part) > 2
               AND strpos(substr(split_part(a.full_text, '(', 1), strpos(a.full_text, l.part) + length(l.part)), l.part) > 0)
        GROUP BY a.id
    """,
)

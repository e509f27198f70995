"""同一级写了两遍 | A level is repeated

问题：地址文字里同一级写了两遍（武康街道武康街道、12号12号）。
影响：同一地址有两种写法；分级时多出一级。
处理：删去重复的一遍；村名与路名本来相同的，忽略并写明。
English: A level stands twice in the text.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="「{part}」写了两遍",
    where="""
        a.live AND (strpos(a.full_text, a.county || a.county) > 0 OR strpos(a.full_text, a.village_group || a.village_group) > 0
            OR strpos(a.full_text, a.road || a.road) > 0 OR strpos(a.full_text, a.number_plate || a.number_plate) > 0
            OR strpos(a.full_text, a.building || a.building) > 0 OR strpos(a.full_text, a.entrance || a.entrance) > 0
            OR length(a.room) > 1 AND strpos(a.full_text, a.room || a.room) > 0
            -- town and village anywhere, except in a remark in brackets
            OR length(a.town) > 1 AND strpos(substr(split_part(a.full_text, '(', 1), strpos(a.full_text, a.town) + length(a.town)), a.town) > 0
            OR length(a.village) > 2
               AND strpos(substr(split_part(a.full_text, '(', 1), strpos(a.full_text, a.village) + length(a.village)), a.village) > 0)
    """,
    facts="""
        jsonb_build_object('part', (SELECT l.part FROM (VALUES (a.town), (a.village), (a.county), (a.village_group), (a.road),
            (a.number_plate), (a.building), (a.entrance), (a.room)) AS l(part)
            WHERE length(replace(a.full_text, l.part, '')) <= length(a.full_text) - 2 * length(l.part) LIMIT 1))
    """,
)

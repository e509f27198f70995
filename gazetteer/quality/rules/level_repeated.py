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
    where="""
        a.live AND EXISTS (SELECT FROM (VALUES (a.county), (a.town), (a.village), (a.village_group), (a.road), (a.number_plate), (a.building), (a.entrance), (a.room)) AS l(part)
            WHERE length(l.part) > 1 AND (strpos(a.full_text, l.part || l.part) > 0 OR l.part IN (a.town, a.village) AND length(l.part) > 2
                AND strpos(substr(split_part(a.full_text, '(', 1), strpos(a.full_text, l.part) + length(l.part)), l.part) > 0))
    """,
    facts="""
        jsonb_build_object('part', (SELECT min(l.part) FROM (VALUES (a.county), (a.town), (a.village), (a.village_group), (a.road), (a.number_plate), (a.building), (a.entrance), (a.room)) AS l(part) WHERE length(l.part) > 1 AND (strpos(a.full_text, l.part || l.part) > 0 OR l.part IN (a.town, a.village) AND length(l.part) > 2
                AND strpos(substr(split_part(a.full_text, '(', 1), strpos(a.full_text, l.part) + length(l.part)), l.part) > 0)))
    """,
)

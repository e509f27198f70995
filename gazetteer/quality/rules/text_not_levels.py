"""文字与各级不符 | Text and levels disagree

问题：分级栏里的某一级（组、路、门牌、楼栋、单元、层、室）在地址文字里找不到。
影响：按文字查和按分级查是两个地址。
处理：核对哪个对，改成一致。
English: One of the levels does not occur in the text.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="文字「{text}」里没有「{part}」",
    where="""
        a.live AND NOT starts_with(reverse(a.full_text), reverse(concat(a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room)))
        AND EXISTS (SELECT FROM unnest(ARRAY[a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room]) AS part WHERE part IS NOT NULL AND strpos(a.full_text, part) = 0 AND strpos(a.match_key, part) = 0)
    """,
    facts="""
        jsonb_build_object('text', a.full_text, 'part',
            (SELECT min(part) FROM unnest(ARRAY[a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room]) AS part WHERE part IS NOT NULL AND strpos(a.full_text, part) = 0 AND strpos(a.match_key, part) = 0))
    """,
)

"""各级顺序不对 | Levels out of order

问题：地址文字里各级都有，但没有从大到小排列（例如先写室后写幢）。
影响：机器只能猜哪个数是哪一级。
处理：按“组、路、号、幢、单元、层、室”从大到小重写。
English: The text holds all its levels, but not from large to small.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="「{text}」的次序应为「{expected}」",
    where="""
        a.live AND NOT starts_with(reverse(a.full_text), reverse(concat(a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room))) AND a.full_text NOT LIKE concat_ws('%', '', a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room, '')
        AND NOT EXISTS (SELECT FROM unnest(ARRAY[a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room]) AS part WHERE part IS NOT NULL AND strpos(a.full_text, part) = 0)
    """,
    facts="jsonb_build_object('text', a.full_text, 'expected', concat(a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room))",
)

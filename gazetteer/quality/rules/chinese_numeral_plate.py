"""门牌号用了汉字数字 | Chinese numerals on a plate

问题：全库门牌绝大多数用阿拉伯数字，这一条用了汉字数字。
影响：排序、找缺号、找重号都会漏掉它。
处理：可一键修复：改成阿拉伯数字（路名里的“二段、三巷”不动）。
English: The plate is written in Chinese numerals although the library writes Arabic ones.
"""

from gazetteer.quality.mending import arabic_plate, text_fix
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="门牌号「{number}」应写成阿拉伯数字",
    where="""
        a.live AND a.number_plate ~ '^[^号號]*[零〇一二三四五六七八九十百]'
        AND (SELECT avg((n.number_plate ~ '[0-9]')::int) >= 0.9 FROM pg_temp.quality_address n WHERE n.number_plate IS NOT NULL)
    """,
    facts="jsonb_build_object('number', a.number_plate)",
    fix=text_fix(arabic_plate),
)

"""丢字 | Lost characters

问题：地址里有问号、方块、替换符或自造字区的字符：原来的字在转码时丢了。
影响：地址残缺，匹配不上，也印不出门牌。
处理：查原表或实地核对，补上正确的字（用 GB18030 或 UTF-8 重新导出原表）。
English: The text holds question marks, boxes or private-use characters: the original character was lost.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="high",
    says="「{text}」里有无法编码而丢失的字",
    where=r"NOT a.plain AND a.live AND a.full_text ~ '[?？□■\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]'",
    facts="jsonb_build_object('text', a.full_text)",
)

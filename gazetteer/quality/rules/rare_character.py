"""生僻字 | Rare characters

问题：地址里有扩展区的生僻字（如𠮷、䶮）。字没有错，但老系统可能存不下、显示不出。
影响：导出为 GBK 的表里这个字会变成问号。
处理：与对方系统约定用 GB18030 或 UTF-8；确认字无误后忽略。
English: The text holds characters of the extension blocks, which GBK and many fonts lack.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="「{text}」里有生僻字「{characters}」",
    where=r"NOT a.plain AND a.live AND a.full_text ~ '[\U00020000-\U0003ffff]'",
    facts=r"jsonb_build_object('text', a.full_text, 'characters', substring(a.full_text FROM '[\U00020000-\U0003ffff]+'))",
)

"""写了占位的词 | Placeholder words

问题：地址里有“不详、未知、待定、暂无、测试、NULL”之类占位的词。
影响：这不是地址，会被当成真的门牌发出去。
处理：查明后改正；查不到的退回草稿或停用。
English: The text holds a placeholder such as unknown, to be decided, test or NULL.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="写了「{word}」",
    where="a.live AND a.full_text ~* '(不详|不詳|未知|待定|暂无|无门牌|测试|null|n/a|nan$)'",
    facts="jsonb_build_object('word', substring(upper(a.full_text) FROM '(不详|不詳|未知|待定|暂无|无门牌|测试|NULL|N/A|NAN$)'))",
)

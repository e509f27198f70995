"""括号里有备注 | Remark in brackets

问题：标准地址里用括号写了备注。
影响：备注会过时，又让同一地址有两种写法。
处理：别名登记到别名里，其余删除。
English: The text carries a remark in brackets.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="括号里写了「{remark}」",
    where=r"NOT a.plain AND a.live AND a.full_text ~ '[（(【\[〔].*[）)】\]〕]'",
    facts=r"jsonb_build_object('remark', substring(a.full_text FROM '[（(【\[〔](.*)[）)】\]〕]'))",
)

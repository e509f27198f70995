"""地址过长 | Text too long

问题：地址文字超过 100 个字。
影响：多半把备注、公司介绍或两条地址粘在了一起。
处理：拆开，只留标准地址，其余放到备注。
English: The text is longer than 100 characters.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="地址有 {n} 个字",
    where="a.live AND length(a.full_text) > 100",
    facts="jsonb_build_object('n', length(a.full_text))",
)

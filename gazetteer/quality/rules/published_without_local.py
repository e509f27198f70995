"""只写到村 | Published with nothing below the village

问题：地址只写到村或社区，下面什么都没有。
影响：它不是一处地址，却会被当成某一户匹配上。
处理：补全组、路、门牌；村委会驻地等应登记为地名。
English: The address names nothing below the village.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="state",
    severity="low",
    says="只写到村（社区），没有组、路、门牌",
    where="a.status = 'published' AND a.depth = 5",
)

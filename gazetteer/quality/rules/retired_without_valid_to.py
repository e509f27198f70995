"""停用没有停用日期 | Retired without its last day

问题：状态是停用，停用日期却是空的。
影响：查“某年某月的地址”时不知道它算不算。
处理：可一键修复：以最后修改的那一天为停用日期。知道确切日期的，请人工填写。
English: The address is retired but has no last day.
"""

from gazetteer.quality.rule import Fix, QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="low",
    says="已停用，没有写停用日期",
    where="a.status = 'retired' AND a.valid_to IS NULL",
    fix=Fix(
        ("valid_to",),
        "SELECT a.id, greatest(a.updated_at::date, a.valid_from) AS valid_to "
        "FROM pg_temp.quality_target x JOIN standard_address a ON a.id = x.id WHERE a.status = 'retired' AND a.valid_to IS NULL",
    ),
)

"""已过停用日期仍在用 | Past its last day but live

问题：停用日期已过，状态却没有改成停用。
影响：按状态查它在用，按日期查它停用。
处理：确已停用的改状态并指明接替；仍在用的清掉停用日期。
English: The last day has passed but the address is not retired.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="medium",
    says="停用日期是 {valid_to}，状态仍是在用",
    where="a.live AND a.valid_to <= current_date",
    facts="jsonb_build_object('valid_to', a.valid_to)",
)

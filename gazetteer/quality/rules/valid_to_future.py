"""停用日期在将来 | Retired with a future last day

问题：状态已是停用，停用日期还没到。
影响：今天查它，按状态和按日期得到两个答案。
处理：把日期改成实际停用的那一天；还没到期的先恢复在用。
English: The address is retired although its last day lies in the future.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="low",
    says="已停用，停用日期却是 {valid_to}",
    where="a.status = 'retired' AND a.valid_to > current_date + 1",
    facts="jsonb_build_object('valid_to', a.valid_to)",
)

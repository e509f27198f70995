"""修改早于启用 | Changed before its first day

问题：已停用的地址，最后修改时间早于启用日期：先后颠倒。
影响：历史查询会出现“还没启用就停用”的地址。
处理：核对两个日期，改正错的一个。
English: A retired address was last changed before its first day.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="low",
    says="最后修改 {updated}，启用日期 {valid_from}",
    where="a.status = 'retired' AND a.updated_at::date < a.valid_from",
    facts="jsonb_build_object('updated', a.updated_at::date, 'valid_from', a.valid_from)",
)

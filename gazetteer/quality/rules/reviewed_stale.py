"""审过没有发布 | Reviewed but not published

问题：审核通过超过 30 天还没有发布。
影响：各部门拿不到已经审好的地址。
处理：放进下一次发布；不再需要的停用。
English: The address was reviewed more than 30 days ago and has not been published.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="state",
    severity="low",
    says="审核后已等待发布 {days} 天",
    where="a.status = 'reviewed' AND a.updated_at < now() - interval '30 days'",
    facts="jsonb_build_object('days', current_date - a.updated_at::date)",
)

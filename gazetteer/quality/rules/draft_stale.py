"""草稿搁置过久 | Stale draft

问题：草稿超过 90 天没有改动。
影响：新建的房子一直没有标准地址可用。
处理：核实后送审；不要的草稿停用。
English: A draft has not been touched for more than 90 days.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="state",
    severity="low",
    says="草稿已搁置 {days} 天",
    where="a.status = 'draft' AND a.updated_at < now() - interval '90 days'",
    facts="jsonb_build_object('days', current_date - a.updated_at::date)",
)

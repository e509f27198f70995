"""启用日期在将来 | Published before its first day

问题：地址已发布，启用日期还没到。
影响：按日期查询查不到它，按状态却查得到。
处理：日期写错的改正；提前发布的，到期再发布。
English: The address is published although its first day lies in the future.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="medium",
    says="已发布，启用日期却是 {valid_from}",
    where="a.status = 'published' AND a.valid_from > current_date + 1",
    facts="jsonb_build_object('valid_from', a.valid_from)",
)

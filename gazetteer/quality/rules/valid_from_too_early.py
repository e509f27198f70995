"""启用日期过早 | First day too early

问题：启用日期早于 1949 年 10 月 1 日，多半是 1900-01-01 之类的占位日期。
影响：按年份统计时会冒出不存在的年代。
处理：查门牌编制时间；查不到的写 1949-10-01。
English: The first day lies before October 1949; mostly a placeholder such as 1900-01-01.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="low",
    says="启用日期是 {valid_from}",
    where="a.valid_from < DATE '1949-10-01'",
    facts="jsonb_build_object('valid_from', a.valid_from)",
)

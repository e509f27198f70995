"""修改时间在将来 | Changed in the future

问题：最后修改时间晚于现在。
影响：增量同步按修改时间取数，会反复取它，也会漏掉别的。
处理：检查服务器时钟，修正后重新保存这条地址。
English: The time of the last change lies in the future.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="dates",
    severity="medium",
    says="最后修改时间是 {at}",
    where="a.updated_at > now() + interval '1 day'",
    facts="jsonb_build_object('at', a.updated_at)",
)

"""村代码不在代码表 | Division code not in the table

问题：地址的村（社区）代码在区划代码表里找不到。
影响：这条地址不属于任何人的范围，没有网格员看得见它。
处理：核对代码：写错的改正；新设的村先在区划表登记。
English: The address's division code is not in the table of divisions.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="high",
    says="代码 {code} 不在区划代码表里",
    where="a.live AND NOT EXISTS (SELECT FROM pg_temp.quality_division d WHERE d.code = a.division_code)",
    facts="jsonb_build_object('code', a.division_code)",
)

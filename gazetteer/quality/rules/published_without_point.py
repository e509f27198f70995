"""已发布没有坐标 | Published without a point

问题：地址已发布，没有坐标。
影响：图上看不到，归不到网格，急救、走访都用不上。
处理：到现场采点；同楼有坐标的可参照。
English: The address is published but has no point.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="state",
    severity="medium",
    says="已发布，没有坐标",
    where="a.status = 'published' AND a.geom IS NULL",
)

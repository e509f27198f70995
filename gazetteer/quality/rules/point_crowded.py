"""一点上堆了太多门牌 | Too many doors at one point

问题：三十个以上不同的门牌坐标完全相同。
影响：多半是批量套用的坐标：小区大门、村部或默认点。
处理：到现场逐楼采点；市场、大院确在一处的，忽略并写明。
English: Thirty or more different plates share exactly one point.
"""

from gazetteer.quality.positions import find_point_crowded
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="同一坐标上有 {n} 个门牌",
    find=find_point_crowded,
)

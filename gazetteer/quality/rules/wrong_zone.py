"""坐标分带选错 | Wrong zone or central meridian

问题：坐标整体偏东或偏西 1°、2°、3° 或 6°：换算时中央经线选错了。
影响：点落到几百公里外。
处理：用正确的中央经线重新换算并更新这批坐标。
English: The point lies 1, 2, 3 or 6 degrees too far east or west: the wrong central meridian.
"""

from gazetteer.quality.positions import find_wrong_zone
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="high",
    says="点偏{side} {degrees}°：分带（中央经线）选错",
    find=find_wrong_zone,
)

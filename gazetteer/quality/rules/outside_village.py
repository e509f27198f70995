"""点不在所属村内 | Point outside its village

问题：坐标落在所属村（社区）界外 30 米以上。
影响：归到邻村的网格，本村看不到它。
处理：村写错的改村，坐标错的重新采点；村界不准的报勘界。
English: The point lies more than 30 m outside the village of the address.
"""

from gazetteer.quality.positions import find_outside_village
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="点在{village}界外 {metres} 米",
    find=find_outside_village,
)

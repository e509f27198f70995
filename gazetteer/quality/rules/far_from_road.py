"""远离同路的门牌 | Far from the rest of its road

问题：点离同一条路（组）上其他门牌的中心，比它们通常的距离远得多，且超过一公里。
影响：多半是路名写错，或套用了同名路的坐标。
处理：核对路名与坐标，改正错的一个。
English: The point lies far from all other numbers of its road.
"""

from gazetteer.quality.positions import find_far_from_road
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="离{road}其余门牌 {metres} 米，它们大多在 {usual} 米以内",
    find=find_far_from_road,
)

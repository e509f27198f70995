"""门牌跳到远处 | Number jumps far from its neighbours

问题：前一个和后一个门牌挨在一起，中间的这一个却在 200 米以外。
影响：按图派单会跑错地方。
处理：核对坐标：多半是套用了别处的点，或门牌号写错。
English: The numbers before and after stand together, and this one far away.
"""

from gazetteer.quality.numbering import find_number_far_from_neighbours
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="numbering",
    severity="medium",
    says="前后门牌 {before}、{after} 相邻，{number} 号却在 {metres} 米外",
    find=find_number_far_from_neighbours,
)

"""单双号在错误的一侧 | Number on the wrong side of the road

问题：这条路单号在一侧、双号在另一侧，这个门牌却在对面一侧。
影响：多半是点采在了对面，或门牌号抄错一位。
处理：到现场核对门牌与坐标。
English: Odd and even stand on different sides of this road, and this number on the wrong one.
"""

from gazetteer.quality.numbering import find_number_parity
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="numbering",
    severity="low",
    says="{number} 号在{side}号一侧",
    find=find_number_parity,
)

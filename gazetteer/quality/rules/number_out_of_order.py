"""门牌号次序颠倒 | Number out of order along the road

问题：前后门牌沿路依次排列，这一个却不在它该在的位置（偏 30 米以上），或与相邻的一个互换了位置。
影响：按门牌找房会来回走。
处理：核对门牌号与坐标，多半是相邻两户的点互换了。
English: The numbers run along the road, and this one does not stand where its neighbours say.
"""

from gazetteer.quality.numbering import find_number_out_of_order
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="numbering",
    severity="low",
    says="{number} 号应在前后门牌之间，实际偏 {metres} 米",
    find=find_number_out_of_order,
)

"""点不在本县 | Point outside the county

问题：坐标落在县界外 500 米以上。
影响：图上看不到，任何人的范围都不含它。
处理：按提示的原因改正；原因不明的到现场采点。
English: The point lies more than 500 m outside the county.
"""

from gazetteer.quality.positions import find_outside_county
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="high",
    says="点在县界外 {metres} 米{cause}",
    find=find_outside_county,
)

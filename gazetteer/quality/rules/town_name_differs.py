"""乡镇与代码表不符 | Town name differs from the table

问题：地址里的乡镇，与它所属代码在区划表里的名称（含曾用名、居委会与社区等通行写法）都不一样。
影响：按名称查和按代码查得到两个地方；改名后的老写法也会一直留着。
处理：名称写错的改名称；所属村选错的改所属村；确已改名的，把旧名登记为区划的曾用名。
English: The town written in the address is neither the present nor a former name of its division.
"""

from gazetteer.quality.division_names import find_differing_names
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="names",
    severity="medium",
    says="写的是「{written}」，代码 {code} 在代码表里是「{official}」",
    find=find_differing_names("town", 9),
)

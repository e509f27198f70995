"""坐标像是 BD-09 | BD-09 offset of a source

问题：同一来源的坐标，与别的来源相同地址（或所属村界）相比整体偏移，按 BD-09（百度坐标）换算后对上。
影响：每一点都偏一公里左右，归格全错。
处理：在该来源的映射里写明坐标系 BD-09 后重新导入。
English: A whole source lies off by the BD-09 offset.
"""

from gazetteer.quality.offsets import find_offset_bd09
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="high",
    says="来源 {source} 的坐标整体偏移约 {before} 米，按 BD-09 换算后只差 {after} 米",
    find=find_offset_bd09,
)

"""坐标像是 GCJ-02 | GCJ-02 offset of a source

问题：同一来源的坐标，与别的来源相同地址（或所属村界）相比整体偏移，按 GCJ-02（火星坐标）换算后对上。
影响：每一点都偏五百米左右，归格全错。
处理：在该来源的映射里写明坐标系 GCJ-02 后重新导入。
English: A whole source lies off by the GCJ-02 offset.
"""

from gazetteer.quality.offsets import find_offset_gcj02
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="high",
    says="来源 {source} 的坐标整体偏移约 {before} 米，按 GCJ-02 换算后只差 {after} 米",
    find=find_offset_gcj02,
)

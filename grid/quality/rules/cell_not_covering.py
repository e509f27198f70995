"""点不在关联的网格内 | Point outside its cell

问题：关联写的是“在网格内”，点却在网格界外 30 米以上：多半是改过坐标或重画过网格而没有重新归格。
影响：责任网格员跑错片区。
处理：重新归格；坐标错的先改坐标。
English: The link says inside, but the point lies more than 30 m outside the cell.
"""

from gazetteer.quality.rule import QualityRule
from grid.quality.cells import find_cell_not_covering

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="grid",
    severity="high",
    says="点在网格 {cell} 外 {metres} 米",
    find=find_cell_not_covering,
)

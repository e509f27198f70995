"""没有归到网格 | No grid cell

问题：地址有坐标，却没有当前的网格关联。
影响：没有网格员对它负责，走访、预警都落空。
处理：重新归格；网格没有画到的，补画网格。
English: The address has a point but no present link with a cell.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="grid",
    severity="high",
    says="有坐标，没有归到任何网格",
    query="SELECT l.address_id, '{}'::jsonb FROM pg_temp.quality_cell_link l WHERE l.has_point AND l.cell_code IS NULL",
)

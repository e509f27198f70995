"""可归到微网格却没有 | Linked to a cell that has micro cells

问题：网格已经划分了微网格，地址还停留在上一级网格。
影响：微网格员的名单里没有它。
处理：重新归格。
English: The address is linked with a cell that is divided into micro cells.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="grid",
    severity="low",
    says="网格 {cell} 已划分微网格，地址还关联在网格上",
    query="""
        SELECT l.address_id, jsonb_build_object('cell', l.cell_code)
        FROM pg_temp.quality_cell_link l
        JOIN (SELECT DISTINCT parent_code FROM grid_cell WHERE level = 'micro_cell' AND valid_to IS NULL) m ON m.parent_code = l.cell_code
        WHERE l.reason IN ('inside', 'tie')
    """,
)

"""关联的网格已不存在 | Linked cell is not a present one

问题：地址关联的网格编码，不是现有的网格，也不是现有的村。
影响：没有人对它负责。
处理：重新归格。
English: The link names a cell that is abolished or unknown.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="grid",
    severity="high",
    says="关联的网格 {cell} 已撤销或不存在",
    query="""
        SELECT l.address_id, jsonb_build_object('cell', l.cell_code)
        FROM pg_temp.quality_cell_link l
        WHERE length(l.cell_code) >= 15
          AND NOT EXISTS (SELECT FROM grid_cell c WHERE c.code = l.cell_code AND c.valid_to IS NULL)
    """,
)

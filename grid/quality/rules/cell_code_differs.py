"""网格编码与关联不一致 | Grid code differs from the link

问题：地址的网格编码与当前的网格关联不一样。
影响：权限按网格编码判断，责任按关联判断，两个人都以为归自己或都以为不归。
处理：重新归格，两处会一起更新。
English: The address's grid code is not the cell of its present link.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="grid",
    severity="high",
    says="地址上写的是 {grid}，当前关联的是 {cell}",
    query="""
        SELECT l.address_id, jsonb_build_object('grid', l.grid_code, 'cell', l.cell_code)
        FROM pg_temp.quality_cell_link l
        WHERE l.grid_code <> l.cell_code
    """,
)

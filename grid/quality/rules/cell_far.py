"""网格关联过远 | Linked with a distant cell

问题：地址关联的是最近的网格，但相距超过 100 米。
影响：网格没有画到这里，责任是凑的。
处理：补画或扩展网格，再重新归格。
English: The address was linked with the nearest cell, more than 100 m away.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="grid",
    severity="medium",
    says="关联的网格在 {metres} 米外",
    query="""
        SELECT l.address_id, jsonb_build_object('cell', l.cell_code, 'metres', round(l.distance_m::numeric))
        FROM pg_temp.quality_cell_link l
        WHERE l.distance_m > 100
    """,
)

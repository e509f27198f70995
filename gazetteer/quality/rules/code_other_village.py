"""编码是另一个村的 | Code of another present village

问题：编码前 12 位是另一个现有的村，与地址所属的村不一致。
影响：按编码归属和按所属村归属得到两个答案。
处理：多半是录入时选错了村：核对后改所属村；划界调整造成的，编码终身不变，忽略并写明。
English: The address code carries another present village than the address belongs to.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="low",
    says="编码属于 {other}，地址属于 {own}",
    query="""
        SELECT a.id, jsonb_build_object('other', d.name, 'own', o.name)
        FROM pg_temp.quality_address a JOIN pg_temp.quality_division d ON d.code = left(a.code, 12) AND d.valid_to IS NULL JOIN pg_temp.quality_division o ON o.code = a.division_code
        WHERE a.live AND length(a.division_code) = 12 AND d.code <> a.division_code
    """,
)

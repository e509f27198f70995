"""一个别名指两处 | Alias of two addresses

问题：同一个村里，同一个别名挂在两条以上在用地址上。
影响：按别名查询得不到唯一答案。
处理：确认这个俗名指哪一处，其余删除；指一片地方的，应登记为地名而不是别名。
English: The same alias belongs to several live addresses of a village.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="medium",
    says="同村 {n} 条地址都有别名「{alias}」",
    query="""
        SELECT DISTINCT ON (a.id) a.id, jsonb_build_object('alias', x.alias_text, 'n', d.n)
        FROM (SELECT a.division_code, x.match_key, count(*) AS n FROM address_alias x JOIN pg_temp.quality_address a ON a.id = x.address_id WHERE a.live GROUP BY 1, 2 HAVING count(*) > 1) d
        JOIN address_alias x ON x.match_key = d.match_key
        JOIN pg_temp.quality_address a ON a.id = x.address_id AND a.division_code = d.division_code WHERE a.live ORDER BY a.id, x.id
    """,
)

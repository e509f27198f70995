"""村、社区与代码不符 | Village or community against its code

问题：名称是社区（居委会）而代码末三位在 200–399，或名称是村而代码末三位在 001–199（每村只报一条）。仅在本县大多数代码符合规则时检查。
影响：城乡分类、统计口径按代码取，会把村算成社区。
处理：村改社区后应换发代码，旧代码留作停用；名称写错的改名称。
English: The name says village and the digits say community, or the reverse (one finding for each village).
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="medium",
    says="{name} 的代码 {code} 按规则是{kind}，涉及 {n} 条地址",
    query="""
        WITH judged AS (
            SELECT d.code, d.name, right(d.code, 3)::int BETWEEN 1 AND 199 AS by_code,
                   CASE WHEN d.name ~ '(社区|居民委员会|居委会|社區)$' THEN true WHEN d.name ~ '(村|村民委员会|村委会)$' THEN false END AS by_name
            FROM pg_temp.quality_division d WHERE d.level = 'village' AND d.valid_to IS NULL AND right(d.code, 3)::int < 400
        )
        SELECT o.id, jsonb_build_object('name', j.name, 'code', j.code, 'kind', CASE WHEN by_code THEN '社区' ELSE '村' END, 'n', o.n)
        FROM judged j JOIN (SELECT min(id) AS id, count(*) AS n, division_code FROM pg_temp.quality_address WHERE live GROUP BY division_code) o ON o.division_code = j.code
        WHERE j.by_code <> j.by_name AND (SELECT avg((by_code = by_name)::int) FROM judged WHERE by_name IS NOT NULL) >= 0.7
    """,
)

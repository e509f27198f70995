"""村的上级与代码不符 | Village under another town than its code

问题：区划表里村的上级代码，与村代码前 9 位不一样（每村只报一条，记在该村编号最小的地址上）。
影响：权限按代码前缀判断，乡镇会看不到这个村或多看到一个村。
处理：核对区划文件，改正上级或换发代码。
English: The table of divisions puts a village under another town than its code says (one finding for each village).
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="high",
    says="{name}（{code}）登记的上级是 {parent}，与代码前 9 位不符，涉及 {n} 条地址",
    query="""
        SELECT o.id, jsonb_build_object('name', d.name, 'code', d.code, 'parent', d.parent_code, 'n', o.n)
        FROM pg_temp.quality_division d JOIN (SELECT min(id) AS id, count(*) AS n, division_code FROM pg_temp.quality_address WHERE live GROUP BY division_code) o ON o.division_code = d.code
        WHERE d.level <> 'county' AND d.parent_code <> left(d.code, length(d.code) - 3)
    """,
)

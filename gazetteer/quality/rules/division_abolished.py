"""所属村已撤销 | Division was abolished

问题：地址所属的村（社区）已经撤并，地址还挂在它下面。
影响：撤并后的村看不到这些地址，统计少算。
处理：按撤并文件把地址转到新的村（“并村”操作），编码不变。
English: The village of the address has been abolished.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="high",
    says="{name}（{code}）已于 {since} 撤销",
    query="""
        SELECT a.id, jsonb_build_object('code', d.code, 'name', d.name, 'since', d.valid_to)
        FROM pg_temp.quality_address a JOIN pg_temp.quality_division d ON d.code = a.division_code
        WHERE a.live AND d.valid_to <= current_date
    """,
)

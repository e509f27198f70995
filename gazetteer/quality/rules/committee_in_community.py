"""社区名里写了村委会 | Village committee inside a community

问题：社区（居委会）的地址里写了村民委员会、村委会，或村的地址里写了居民委员会、居委会。
影响：基层组织叫错，填报会被上级退回。
处理：按代码表改成正确的名称；地址里一般只写村名或社区名，不写委员会。
English: The text says village committee inside a community, or the reverse.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="names",
    severity="medium",
    says="{village} 是{kind}，地址里却写「{written}」",
    query="""
        SELECT a.id, jsonb_build_object('village', d.name, 'kind', CASE WHEN k.community THEN '社区' ELSE '村' END,
                                        'written', substring(a.full_text FROM '(居民委员会|居委会|村民委员会|村委会)'))
        FROM pg_temp.quality_address a JOIN pg_temp.quality_division d ON d.code = a.division_code AND d.level = 'village'
        CROSS JOIN LATERAL (SELECT d.name ~ '(社区|居民委员会|居委会)$' AS community, d.name ~ '(村|村民委员会|村委会)$' AS village) k
        WHERE a.live AND a.full_text LIKE '%委%' AND (k.community AND a.full_text ~ '(村民委员会|村委会)' OR k.village AND a.full_text ~ '(居民委员会|居委会)')
    """,
)

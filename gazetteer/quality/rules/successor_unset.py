"""停用地址没有指明接替 | Retired without its successor

问题：停用的地址没有写由谁接替，而同村同样写法的在用地址就在库里。
影响：旧表格里的老地址编码查不到今天的地址。
处理：确认是同一处后，把接替地址填上；不是同一处的，在本问题上选“忽略”并写明原因。
English: A retired address names no successor although a live address with the same levels exists.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="同样写法的在用地址 {twin_code} 就在库里，却没有指明它接替",
    query="""
        SELECT a.id, jsonb_build_object('twin_code', min(p.code), 'twin_id', min(p.id))
        FROM pg_temp.quality_address a JOIN pg_temp.quality_address p ON p.match_key = a.match_key AND p.division_code = a.division_code AND p.live
        WHERE a.status = 'retired' AND a.successors = '{}'
        GROUP BY a.id
    """,
)

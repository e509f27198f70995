"""编码开头不是村代码 | Code begins with no known village

问题：标准地址编码的前 12 位在区划代码表（含已撤销的）里找不到。
影响：编码给错了，别的系统按编码前 12 位归属时会丢失。
处理：新建的草稿重新赋码；已对外使用的编码终身不变，忽略并写明原因。
English: The first 12 digits of the address code are no village of the table, present or former.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="medium",
    says="编码 {code} 开头的 12 位不是现有或曾有的村",
    where="""
        a.live AND right(left(a.code, 12), 3) <> '000'
        AND NOT EXISTS (SELECT FROM pg_temp.quality_division d WHERE d.code = left(a.code, 12))
    """,
    facts="jsonb_build_object('code', a.code)",
)

"""别名是另一处的正式名 | Alias is another address

问题：本地址的别名，和另一条在用地址的标准写法相同。
影响：按这个名字查，会把人引到两处。
处理：确认别名说的是哪一处；不是本地址的，删除别名。
English: An alias of this address is the text of another live address.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="high",
    says="别名「{alias}」正是另一处 {other_code} 的标准写法",
    query="""
        SELECT DISTINCT ON (a.id) a.id, jsonb_build_object('alias', x.alias_text, 'other_code', b.code, 'other_id', b.id)
        FROM address_alias x JOIN pg_temp.quality_address a ON a.id = x.address_id JOIN pg_temp.quality_address b ON b.match_key = x.match_key AND b.live AND b.id <> a.id
        WHERE a.live ORDER BY a.id, x.id
    """,
)

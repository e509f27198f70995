"""别名与标准写法相同 | Alias equals the text

问题：别名和本地址的标准写法相同（只差全角半角、繁简或数字写法）。
影响：没有害处，但别名越堆越多，复核时分不清哪些有用。
处理：删除这条别名。
English: The alias reads the same as the address itself.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="low",
    says="别名「{alias}」与标准写法没有区别",
    query="""
        SELECT DISTINCT ON (a.id) a.id, jsonb_build_object('alias', x.alias_text)
        FROM address_alias x JOIN pg_temp.quality_address a ON a.id = x.address_id WHERE x.match_key = a.match_key ORDER BY a.id, x.id
    """,
)

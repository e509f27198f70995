"""停用地址还有别名 | Alias of a retired address

问题：地址停用了，别名还挂在上面，又没有指明接替。
影响：按俗名查不到今天的地址。
处理：把别名移到接替的地址上，或先指明接替。
English: A retired address without successor still carries an alias.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="state",
    severity="low",
    says="已停用，却还有别名「{alias}」{hint}",
    query="""
        SELECT DISTINCT ON (a.id) a.id, jsonb_build_object('alias', x.alias_text, 'hint', '')
        FROM address_alias x JOIN pg_temp.quality_address a ON a.id = x.address_id WHERE a.status = 'retired' AND a.successors = '{}' ORDER BY a.id, x.id
    """,
)

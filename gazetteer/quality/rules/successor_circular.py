"""接替关系成环 | Successors form a circle

问题：甲由乙接替，乙（或再下一个）又由甲接替，或者自己接替自己。
影响：查老地址永远得不到今天的地址。
处理：断开环里日期最早的那一条，指向现在在用的地址。
English: Following the successors leads back to the address itself.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="high",
    says="沿接替地址走 {steps} 步又回到自己",
    query="""
        WITH RECURSIVE walk(start, at, steps) AS (
            SELECT a.uid, s.uid, 1 FROM pg_temp.quality_address a CROSS JOIN unnest(a.successors) AS s(uid)
            UNION ALL
            SELECT w.start, s.uid, w.steps + 1 FROM walk w JOIN pg_temp.quality_address a ON a.uid = w.at
            CROSS JOIN unnest(a.successors) AS s(uid)
            WHERE w.at <> w.start AND w.steps < 20
        )
        SELECT a.id, jsonb_build_object('steps', min(w.steps)) FROM walk w
        JOIN pg_temp.quality_address a ON a.uid = w.start WHERE w.at = w.start GROUP BY a.id
    """,
)

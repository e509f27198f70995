"""上级关系成环 | Parents form a circle

问题：甲的上级是乙，乙的上级（或再上级）又是甲。
影响：凡是沿上级汇总的功能都会停不下来或少算。
处理：环里必有一条挂反了的关系，把它改挂到真正的上级。
English: Following the parents leads back to the address itself.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="high",
    says="沿上级往上走 {steps} 步又回到自己",
    query="""
        -- a circle holds at least one step that does not lead upwards: only those are walked
        WITH RECURSIVE walk(start, at, steps) AS (
            SELECT c.id, c.parent_id, 1 FROM pg_temp.quality_child c WHERE c.parent_depth >= c.depth
            UNION ALL
            SELECT w.start, a.parent_id, w.steps + 1 FROM walk w JOIN pg_temp.quality_address a ON a.id = w.at
            WHERE w.at <> w.start AND w.steps < 50 AND a.parent_id IS NOT NULL
        ), circle AS (SELECT start, steps FROM walk WHERE at = start
        ), member(start, id, steps) AS (
            SELECT start, start, steps FROM circle
            UNION
            SELECT m.start, a.parent_id, m.steps FROM member m JOIN pg_temp.quality_address a ON a.id = m.id
        )
        SELECT id, jsonb_build_object('steps', min(steps)) FROM member GROUP BY id
    """,
)

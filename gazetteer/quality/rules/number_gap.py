"""门牌号缺号 | Gap in the numbers

问题：一条路（组）同侧的门牌基本连续（九成以上），中间却缺了一两个（记在缺号之后的门牌上）。
影响：缺的多半是漏采的房屋：漏一户，就漏一家人。
处理：到现场看缺的门牌在不在：在的补采，不在的（拆除、未编）忽略并写明。
English: One or two numbers are missing on a road whose numbers otherwise run on.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="numbering",
    severity="low",
    says="{road}上缺少 {missing}号",
    query="""
        -- every address that has the number counts, whatever its depth or state: a retired one is known, not missing
        WITH plate AS (
            SELECT road_id, number_n, min(id) FILTER (WHERE live) AS id, min(coalesce(road, village_group)) AS road
            FROM pg_temp.quality_address WHERE road_id IS NOT NULL AND number_n > 0 GROUP BY road_id, number_n
        ), side AS (
            SELECT *, lag(number_n) OVER same_side AS before, count(*) OVER whole AS n,
                   (max(number_n) OVER whole - min(number_n) OVER whole) / 2 + 1 AS expected
            FROM plate WINDOW whole AS (PARTITION BY road_id, number_n % 2),
                              same_side AS (PARTITION BY road_id, number_n % 2 ORDER BY number_n)
        )
        SELECT id, jsonb_build_object('road', road, 'missing',
               CASE number_n - before WHEN 4 THEN (number_n - 2)::text ELSE (number_n - 4) || '、' || (number_n - 2) END)
        FROM side WHERE id IS NOT NULL AND number_n - before IN (4, 6) AND n >= 15 AND n >= 0.9 * expected
    """,
)

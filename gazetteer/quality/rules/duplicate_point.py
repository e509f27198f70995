"""同一点上有不同的路 | One point, two roads

问题：两个门牌坐标完全相同，却分属不同的路（组）。
影响：多半有一个是抄来的坐标，按图派单会走错。
处理：核对两处实际位置，重新采点。转角房确有两个门牌的，忽略并写明。
English: Two number plates of different roads share exactly the same point.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="low",
    says="同一坐标上还有「{other}」",
    query="""
        SELECT a.id, jsonb_build_object(
            'other', CASE WHEN a.road_id = d.first_road THEN d.last_text ELSE d.first_text END,
            'other_id', CASE WHEN a.road_id = d.first_road THEN d.last_id ELSE d.first_id END)
        FROM (SELECT lon, lat, min(road_id) AS first_road, (array_agg(full_text ORDER BY road_id, id))[1] AS first_text,
                     (array_agg(full_text ORDER BY road_id DESC, id))[1] AS last_text,
                     (array_agg(id ORDER BY road_id, id))[1] AS first_id,
                     (array_agg(id ORDER BY road_id DESC, id))[1] AS last_id
              FROM pg_temp.quality_address WHERE live AND depth = 8 AND lon IS NOT NULL AND road_id IS NOT NULL
              GROUP BY 1, 2 HAVING count(*) BETWEEN 2 AND 20 AND min(road_id) <> max(road_id)) d
        JOIN pg_temp.quality_address a ON a.lon = d.lon AND a.lat = d.lat AND a.live AND a.depth = 8 AND a.road_id IS NOT NULL
    """,
)

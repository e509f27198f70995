"""坐标是村中心点 | Point is the centre of the village

问题：地址的坐标正好落在村界多边形的几何中心：是按村名套的，不是门口的点。
影响：全村的人都被派到村中心去找。
处理：到现场采点，没有采到的先清空坐标。
English: The point is the geometric centre of its village: geocoded by name, not surveyed.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="坐标就是{village}的中心点",
    query="""
        SELECT a.id, jsonb_build_object('village', d.name)
        FROM (SELECT d.code, d.name, st_x(c.at) AS lon, st_y(c.at) AS lat FROM division d
              CROSS JOIN LATERAL (VALUES (st_centroid(d.geom)), (st_pointonsurface(d.geom))) AS c(at)
              WHERE d.geom IS NOT NULL AND d.level = 'village' AND d.valid_to IS NULL) d
        JOIN pg_temp.quality_address a ON a.division_code = d.code AND abs(a.lon - d.lon) < 5e-6 AND abs(a.lat - d.lat) < 5e-6 AND a.live
        GROUP BY a.id, d.name
    """,
)

"""坐标只有三位小数 | Rounded coordinates

问题：经纬度都只有三位小数或更少，相当于精确到一百米。
影响：点在路中间或邻居家，归格会错。
处理：重新采点，经纬度至少六位小数。
English: Longitude and latitude have at most three decimals: about 100 m.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="position",
    severity="medium",
    says="坐标 {lon}, {lat} 只精确到百米",
    where="a.live AND abs(a.lon * 1000 - round(a.lon * 1000)) < 1e-6 AND abs(a.lat * 1000 - round(a.lat * 1000)) < 1e-6",
    facts="jsonb_build_object('lon', a.lon, 'lat', a.lat)",
)

"""没有归到村 | No village

问题：地址只归到县或乡镇，没有归到村（社区）。
影响：网格属于村，归不到村的地址没有网格员负责。
处理：补上村（社区）；坐标在村内的，可按坐标确定后人工确认。
English: The address belongs to a county or town, not to a village.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="medium",
    says="只归到 {code}，没有归到村（社区）",
    where="a.live AND length(a.division_code) < 12",
    facts="jsonb_build_object('code', a.division_code)",
)

"""网格在别的村 | Grid cell of another village

问题：地址的网格编码（前 12 位）与所属村代码不一致。
影响：村里人看不到这条地址，负责走访的是邻村的网格员。
处理：对照图核实：坐标错的改坐标，所属村错的改村；村界跨户的，商定后忽略。
English: The grid code lies in another village than the address's own.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="codes",
    severity="low",
    says="网格编码 {grid} 不在所属村 {village} 内",
    where="a.live AND length(a.grid_code) >= 12 AND length(a.division_code) = 12 AND left(a.grid_code, 12) <> a.division_code",
    facts="jsonb_build_object('grid', a.grid_code, 'village', a.division_code)",
)

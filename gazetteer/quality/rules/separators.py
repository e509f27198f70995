"""有分隔符 | Separators in the text

问题：地址文字里有逗号、顿号、句点、斜线、竖线等分隔符。标准地址各级直接相连，不加分隔。
影响：同一地址有两种写法，按文字对不上；分列表格会被拆坏。
处理：可一键修复：去掉分隔符。夹在两个数字中间的（12、14号）可能是两个门牌，不自动改，请人工分开。
English: The text holds commas, dots, slashes or other separators.
"""

from gazetteer.quality.mending import drop_separators, text_fix
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="「{text}」里有逗号、顿号、点、斜线等分隔符",
    where=r"NOT a.plain AND a.live AND a.full_text ~ '[,，、;；:：/|\\·.。．_]'",
    facts="jsonb_build_object('text', a.full_text)",
    fix=text_fix(drop_separators),
)

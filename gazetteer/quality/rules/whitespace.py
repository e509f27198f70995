"""有空格 | Blanks in the text

问题：地址文字里有空格、全角空格、制表符或换行。
影响：同一地址看着一样、比较却不同。
处理：可一键修复：去掉空白。夹在两个数字中间的不自动改。
English: The text holds blanks, tabs or line breaks.
"""

from gazetteer.quality.mending import drop_blanks, text_fix
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="low",
    says="「{text}」里有空格或换行",
    where=r"NOT a.plain AND a.live AND a.full_text ~ '[\s\u00a0\u2002-\u200a\u3000]'",
    facts="jsonb_build_object('text', a.full_text)",
    fix=text_fix(drop_blanks),
)

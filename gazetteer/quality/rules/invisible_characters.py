"""有看不见的字符 | Invisible characters

问题：地址文字里有控制字符、零宽字符、字节序标记或方向标记。
影响：看着一样的两条地址永远匹配不上，也查不出原因。
处理：可一键修复：去掉这些字符，匹配键随之重算。
English: The text holds control, zero-width or direction characters.
"""

from gazetteer.quality.mending import drop_invisible, text_fix
from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="第 {at} 个字符看不见",
    where=r"NOT a.plain AND a.live AND a.full_text ~ '[\u0001-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]'",
    facts=r"jsonb_build_object('text', a.full_text, 'at', length(substring(a.full_text FROM '^[^\u0001-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*')) + 1)",
    fix=text_fix(drop_invisible),
)

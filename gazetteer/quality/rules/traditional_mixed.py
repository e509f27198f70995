"""混入繁体字 | Traditional characters in a Simplified library

问题：全库用简体，这一条混入了繁体（异体）字。
影响：按文字查询、印门牌会出错。
处理：对照地名批复改成规范字；批复的名称本来就用该字的，忽略并写明。不自动改，因为地名用字以批复为准。
English: The text holds Traditional characters although the library is Simplified.
"""

from gazetteer.quality.rule import QualityRule
from gazetteer.quality.traditional import find_traditional

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="medium",
    says="「{text}」里有繁体字「{characters}」",
    find=find_traditional,
)

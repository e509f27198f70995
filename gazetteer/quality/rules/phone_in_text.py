"""地址里有手机号 | Mobile number in the text

问题：地址文字里夹了 11 位手机号码。
影响：个人信息混进了人人可查的地址库。
处理：立即删去号码；需要留存的录到户档案的电话栏（加密保存）。
English: The text holds a mobile number: personal data in a table that many may read.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="text",
    severity="high",
    says="地址里有手机号码",
    where="a.live AND a.full_text ~ '(^|[^0-9])1[3-9][0-9]{9}($|[^0-9])'",
)

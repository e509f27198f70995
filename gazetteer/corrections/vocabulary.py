"""Codes of corrections (地址纠正)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class CorrectionKind(Vocabulary):
    """What waits for a person."""

    MATCH = "match", "未确定的匹配", "a text without a certain match"
    REVIEW = "review", "待复核地址", "a review of an address"


class CorrectionStatus(Vocabulary):
    """Whether somebody has decided."""

    OPEN = "open", "待处理", "waiting"
    DECIDED = "decided", "已处理", "decided"


class CorrectionAction(Vocabulary):
    """What a person may decide."""

    ALIAS = "alias", "记为别名", "the text is another name of the address"
    RULE = "rule", "设为规则", "a rule of the division"
    ACCEPT = "accept", "采纳", "accept"
    REJECT = "reject", "驳回", "reject"
    DISMISS = "dismiss", "不处理", "no address of this county, or nobody can tell"


class CorrectionOutcome(Vocabulary):
    """What was decided."""

    ALIAS = "alias", "已记为别名", "another name"
    RULE = "rule", "已设为规则", "a rule"
    BY_RULE = "by_rule", "按规则处理", "decided by a rule"
    ACCEPTED = "accepted", "已采纳", "accepted"
    REJECTED = "rejected", "已驳回", "rejected"
    DISMISSED = "dismissed", "不处理", "dismissed"


class CorrectionBatchKind(Vocabulary):
    """How many rows one decision took."""

    DECIDE = "decide", "一条", "one row"
    ALIKE = "alike", "全部同类", "all that are alike"

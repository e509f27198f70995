"""What can be wrong with a request for features."""

from __future__ import annotations

from database.errors import ConditionMissing, Invalid, Malformed, Missing, NotAllowed, Outdated


class UnknownCollection(Missing):
    """没有这个要素集 | No such collection"""


class UnknownFeature(Missing):
    """没有这个要素，或不在您的数据范围内 | No such feature, or outside your scope"""


class UnknownParameter(Malformed):
    """没有这个查询参数 | No such query parameter"""


class UnknownProperty(Malformed):
    """没有这个属性 | No such property"""


class HiddenProperty(NotAllowed):
    """该属性不对外提供，也不能用来筛选或排序 | This property is hidden: it is neither shown nor filtered nor sorted by"""


class ParameterInvalid(Malformed):
    """查询参数的值有误 | The value of a query parameter is not valid"""


class FilterInvalid(Malformed):
    """筛选条件有误 | The filter is not valid"""


class FeatureInvalid(Invalid):
    """要素内容有误 | The feature is not valid"""


class PreconditionMissing(ConditionMissing):
    """修改和删除必须带 If-Match，先读取要素得到 ETag | A change needs If-Match with the ETag that was read"""


class FeatureChanged(Outdated):
    """要素已被他人修改，请重新读取 | Somebody has changed the feature since: read it again"""


class OutsideScope(NotAllowed):
    """超出您的数据范围 | This lies outside your scope"""

"""What a rule saw, by name: the keys of an alert's facts. Stored as written here; people read the labels."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class AlertFact(Vocabulary):
    """What an alert rests on (事实)."""

    PERSON_NAME = "person_name", "姓名", "name"
    AGE = "age", "年龄", "age"
    HOUSEHOLD_NO = "household_no", "户号", "household number"
    HOME_ADDRESS = "home_address", "住址", "home address"
    LAST_VISIT_ON = "last_visit_on", "上次走访", "last visit"
    DAYS_WITHOUT_VISIT = "days_without_visit", "未走访天数", "days without a visit"
    ADDRESS = "address", "地址", "address"
    REGISTERED_ADDRESS = "registered_address", "户籍地址", "registered address"
    ACTUAL_ADDRESS = "actual_address", "现住址", "actual address"
    WRITTEN_ADDRESS = "written_address", "现住址（原文）", "actual address as written"
    MATCHED_LEVEL = "matched_level", "可对应到", "found down to"
    DIFFERENCE = "difference", "类型", "how they differ"
    DISTANCE_M = "distance_m", "距离（米）", "distance (m)"
    DWELLING = "dwelling", "房屋", "dwelling"
    RECORDED_OCCUPANCY = "recorded_occupancy", "登记状态", "recorded as"
    RESIDENT_NAMES = "resident_names", "居住人", "who lives there"
    CELL_NAME = "cell_name", "网格", "cell"
    EVENT_KIND = "event_kind", "事件类型", "kind of event"
    COUNTED_UNTIL = "counted_until", "统计截至", "counted until"
    LAST_WEEK_N = "last_week_n", "近7天", "last 7 days"
    WEEKLY_MEAN = "weekly_mean", "历史周均", "usual number a week"
    WEEKLY_BOUND = "weekly_bound", "上限", "bound"
    WEEKS_N = "weeks_n", "逐周（由近及远）", "week by week, the latest first"
    ELSEWHERE = "elsewhere", "本辖区以外", "outside this area"

"""Codes of persons and households (人口). National code tables stand in ``national_codes.py``."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class Sex(Vocabulary):
    """Sex, as stored (性别)."""

    MALE = "male", "男", "male"
    FEMALE = "female", "女", "female"


class HouseholdKind(Vocabulary):
    """What a household is (户类型)."""

    FAMILY = "family", "家庭户", "family"
    COLLECTIVE = "collective", "集体户", "collective"
    SINGLE = "single", "单人户", "single person"


class PersonStatus(Vocabulary):
    """What marks a person or a household for care (状态码)."""

    LOW_INCOME = "low_income", "低保", "minimum living allowance"
    FIVE_GUARANTEES = "five_guarantees", "五保", "five guarantees"
    DISABLED = "disabled", "残疾", "disabled"
    LEFT_BEHIND = "left_behind", "留守", "left behind"
    ELDERLY_ALONE = "elderly_alone", "独居老人", "elderly, living alone"
    KEY_CARE = "key_care", "重点关爱", "special care"
    VETERAN = "veteran", "退役军人", "veteran"
    PARTY_MEMBER = "party_member", "党员", "party member"
    RELOCATED = "relocated", "易地搬迁", "relocated"
    MONITORED = "monitored", "防返贫监测", "watched for a return to poverty"


class PersonPlaceRelation(Vocabulary):
    """How a person belongs to a place (人房关联)."""

    LIVES = "lives", "居住", "lives there"
    WORKS = "works", "就业", "works there"
    OWNS = "owns", "产权", "owns it"


class LookKind(Vocabulary):
    """What kind of look at personal data is counted (查看方式)."""

    NUMBER = "number", "按号码查找", "a search by number"
    NAME = "name", "按姓名查找", "a search by name"
    REVEAL = "reveal", "查看号码", "a number revealed"
    CHECK = "check", "核对号码", "a number checked"

"""The kinds of errors a user may read. Each floor adds its own errors, each of one kind, in its own files."""

import re
from collections.abc import Iterator
from typing import ClassVar


class OnemapError(Exception):
    """系统错误 | The system could not do this

    A subclass needs only a docstring: its first line is `Chinese title | English title`.
    An error carries facts: `detail` says what happened this time, `facts` are named values for programs.
    Every error derives from one of the kinds below, and its name gives a code that no other error has
    (tests/mapserver/test_errors.py holds both).
    """

    #: What an HTTP interface answers (RFC 9110). The kinds say it; an error that only HTTP knows may say its own.
    status: ClassVar[int] = 500
    title_zh: str = "系统错误"
    title_en: str = "The system could not do this"

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        first_line = (cls.__dict__.get("__doc__") or "").strip().split("\n", 1)[0]
        title_zh, separator, title_en = first_line.partition("|")
        if separator:
            cls.title_zh = title_zh.strip()
            cls.title_en = title_en.strip().rstrip(".")

    def __init__(self, detail: str = "", **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable name of this kind of error, for instance `secrets-missing` for SecretsMissingError."""
        name = type(self).__name__.removesuffix("Error")
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()

    def __str__(self) -> str:
        title = f"{self.title_zh} / {self.title_en}"
        return f"{title}: {self.detail}" if self.detail else title


class Malformed(OnemapError):
    """请求有误 | The request cannot be understood"""

    status = 400


class Unidentified(OnemapError):
    """不知道您是谁 | It is not known who asks"""

    status = 401


class NotAllowed(OnemapError):
    """不允许 | Not allowed"""

    status = 403


class Missing(OnemapError):
    """没有找到 | Not found"""

    status = 404


class Taken(OnemapError):
    """与现在的状态冲突 | In conflict with the present state"""

    status = 409


class Outdated(OnemapError):
    """已被他人修改 | Changed by somebody else since it was read"""

    status = 412


class TooLarge(OnemapError):
    """内容过大 | Too large"""

    status = 413


class Invalid(OnemapError):
    """内容有误 | The content is not valid"""

    status = 422


class ConditionMissing(OnemapError):
    """缺少前提 | A precondition is missing"""

    status = 428


class TooMany(OnemapError):
    """过于频繁 | Too many"""

    status = 429


class Unavailable(OnemapError):
    """暂时无法完成 | This cannot be done at present"""

    status = 503


KINDS: tuple[type[OnemapError], ...] = tuple(OnemapError.__subclasses__())


def all_errors(of: type[OnemapError] = OnemapError) -> Iterator[type[OnemapError]]:
    """Every error of the modules loaded so far, the kinds left out."""
    for one in dict.fromkeys(of.__subclasses__()):
        if one not in KINDS:
            yield one
        yield from all_errors(one)

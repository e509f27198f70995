"""The base class of every error a user may read. Each floor adds its own subclasses in its own files."""

import re


class OnemapError(Exception):
    """系统错误 | The system could not do this

    A subclass needs only a docstring: its first line is `Chinese title | English title`.
    An error carries facts: `detail` says what happened this time, `facts` are named values for programs.
    The HTTP status is not known here; it lives in one table of the map server.
    """

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

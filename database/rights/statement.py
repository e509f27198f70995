"""A statement written once for both ways to the server: through SQLAlchemy, and beneath it."""

from __future__ import annotations

import re
from functools import cached_property

from sqlalchemy import TextClause, text

_PARAMETER = re.compile(r"%\((\w++)\)s")


class Statement:
    """words: SQL with parameters as psycopg writes them, ``%(name)s``, and no other percent sign."""

    def __init__(self, words: str) -> None:
        self.words = words

    @cached_property
    def text(self) -> TextClause:
        """The same for SQLAlchemy."""
        return text(_PARAMETER.sub(r":\1", self.words))

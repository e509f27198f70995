"""What is odd about a whole file, in words: the file is not published until somebody says yes."""

from __future__ import annotations

from dataclasses import dataclass

from importing.records import QuestionTold


@dataclass(frozen=True, slots=True)
class Question:
    """One oddity. share: of the rows or texts it holds for. column: as the file names it. mapping: the line that would mend
    it, when one was found and tried on the file."""

    code: str
    share: float
    zh: str
    en: str
    column: str | None = None
    mapping: str | None = None

    def told(self) -> QuestionTold:
        """For the report of the import."""
        return QuestionTold(
            code=self.code, share=round(self.share, 3), zh=self.zh, en=self.en, column=self.column, mapping=self.mapping
        )

    def text(self) -> str:
        """Both languages, and the line for the mapping."""
        advice = f"；映射里可写 {self.mapping}" if self.mapping else ""
        return f"{self.zh}{advice} / {self.en}"


def percent(share: float) -> str:
    """92 %"""
    return f"{share * 100:.0f} %"

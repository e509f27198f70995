"""How many resident ID numbers (GB 11643) fit what is shown of one: the figures of docs/masking.md.

``python -m benchmarks.mask_candidates``: counts every number of a county and year of birth, so the figures are exact. The county
is taken as known, for most people are registered where they live; if it is not, multiply by the counties in question.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

COUNTY, YEAR = "330521", 1951
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"


def numbers(days: list[str], serials: range) -> list[str]:
    """Every number of the county with these days and serials."""
    bodies = [f"{COUNTY}{day}{serial:03d}" for day in days for serial in serials]
    return [b + CHECK[sum(w * int(d) for w, d in zip(WEIGHTS, b, strict=True)) % 11] for b in bodies]


def left(days: list[str], serials: range, shown: int) -> tuple[int, int]:
    """Fewest and most numbers that share their last ``shown`` characters."""
    counts = Counter(number[-shown:] for number in numbers(days, serials)).values()
    return min(counts), max(counts)


def main() -> None:
    """Print the table."""
    first = date(YEAR, 1, 1)
    year = [(first + timedelta(days=n)).strftime("%Y%m%d") for n in range(365)]
    for title, days, serials, shown in (
        ("first 3, last 2, year of birth", year, range(1000), 2),
        ("the same, one police station's serials (100 of 1000)", year, range(100, 200), 2),
        ("the same, day of birth known", year[:1], range(1000), 2),
        ("before: first 6, last 4, year of birth", year, range(1000), 4),
        ("before: first 6, last 4, day of birth", year[:1], range(1000), 4),
    ):
        fewest, most = left(days, serials, shown)
        print(f"{title:55} {fewest:6} to {most}")


if __name__ == "__main__":
    main()

"""The time zone of every county: China keeps one, whatever that of the machine is. Light: the readers of files import it too."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

#: Name of the zone, for PostgreSQL and for Python.
ZONE = "Asia/Shanghai"
CHINA = ZoneInfo(ZONE)


def day_in_china() -> date:
    """Today in China by this machine's clock; where a connection is at hand the database's day counts (``current_day``)."""
    return datetime.now(CHINA).date()

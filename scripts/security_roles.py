"""The table of roles in docs/security.md, written from access/accounts/permissions.py: ``python scripts/security_roles.py``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from access.accounts.permissions import PERMISSIONS  # noqa: E402 - the script may be run from anywhere
from database.rights.scope import Role  # noqa: E402

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- roles -->\n", "<!-- /roles -->"


def roles_table() -> str:
    """A row for each permission, a column for each role that can sign in."""
    roles = [role for role in Role if role is not Role.SYSTEM]
    names = list(dict.fromkeys(name for role in roles for name in sorted(PERMISSIONS[role])))
    lines = ["| | " + " | ".join(role.value for role in roles) + " |", "|---|" + ":-:|" * len(roles)]
    for name in sorted(names):
        marks = ("✓" if name in PERMISSIONS[role] else "" for role in roles)
        lines.append(f"| {name} | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def page_with_table(page: str) -> str:
    """The page with the table as the code has it now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{roles_table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")

"""Running a command of the product and looking at what it left in the database."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

COUNTY = "339901"
_COMMAND = [sys.executable, "-c", "from mapserver.cli.main import main; main()"]


@dataclass
class Ran:
    """What a command answered. code: of its end. said: all it printed. batch: the import it made, or nothing. look: the owner's view."""

    code: int
    output: str
    batch: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    look: Callable[..., Any] = lambda *_: None

    @property
    def counts(self) -> dict[str, int]:
        """Rows of the import: read, added, changed, rejected …; all 0 when the file was refused."""
        counts = {"read": 0, "added": 0, "changed": 0, "unchanged": 0, "rejected": 0, "review": 0}
        return counts | {k: v for k, v in self.batch.get("counts", {}).items() if isinstance(v, int)}

    @property
    def crashed(self) -> bool:
        """True when a traceback was printed: never right."""
        return "Traceback" in self.output or self.code < 0

    def refused(self, *words: str) -> bool:
        """True when nothing was read and the message holds one of the words of each group (a|b)."""
        flat = "".join(self.output.split())
        return self.code != 0 and not self.crashed and all(any(w in flat for w in group.split("|")) for group in words)

    def says(self, *words: str) -> bool:
        """True when what was printed holds one of the words of each group."""
        flat = "".join(self.output.split())
        return all(any(w in flat for w in group.split("|")) for group in words)

    def rejected_rows(self) -> list[int]:
        """The numbers of the rows sent back."""
        return sorted({r["row_no"] for r in self.rows})


class Product:
    """The command line over the database of ONEMAP_HOME, and the owner's view of it."""

    def __init__(self, owner: Engine, folder: Path, work: Path) -> None:
        self.owner, self.folder, self.work = owner, folder, work

    def value(self, query: str, **values: Any) -> Any:
        """One value, outside row-level security."""
        with self.owner.connect() as connection:
            connection.execute(text(f"SET search_path = c{COUNTY}, public"))
            return connection.scalar(text(query), values)

    def run(self, *arguments: str) -> Ran:
        """One command."""
        done = subprocess.run(
            [*_COMMAND, *arguments], capture_output=True, check=False, env=os.environ | {"COLUMNS": "400"}, timeout=300
        )
        return Ran(done.returncode, (done.stdout + done.stderr).decode(errors="replace"), look=self.value)

    def imported(self, name: str, mapping: str, *, publish: bool = False) -> Ran:
        """``onemap import``. mapping: of the product, or a TOML of the folder."""
        before = self.value("SELECT coalesce(max(id), 0) FROM import_batch")
        which = str(self.folder / mapping) if mapping.endswith(".toml") else mapping
        ran = self.run("import", str(self.folder / name), "--county", COUNTY, "--mapping", which,
                       *(["--publish"] if publish else []))  # fmt: skip
        with self.owner.connect() as connection:
            batch = connection.execute(
                text(f"SELECT id, state, counts, error FROM c{COUNTY}.import_batch WHERE id > :b ORDER BY id DESC LIMIT 1"),
                {"b": before},
            ).mappings().first()  # fmt: skip
            if batch is not None and batch["state"] != "failed":
                ran.batch = dict(batch)
                found = connection.execute(
                    text(f"SELECT row_no, column_name, reason_code FROM c{COUNTY}.import_reject WHERE batch_id = :b"),
                    {"b": batch["id"]},
                )
                ran.rows = [dict(r) for r in found.mappings()]
        return ran

    def matched(self) -> list[dict[str, str]]:
        """The address texts of the folder matched, a row each."""
        out = self.work / "matched.csv"
        ran = self.run("address", "match", str(self.folder / "addresses_match.csv"), "--county", COUNTY,
                       "--column", "地址", "--out", str(out))  # fmt: skip
        if ran.code:
            raise SystemExit(ran.output)
        with out.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

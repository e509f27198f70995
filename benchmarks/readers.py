"""What confinement costs: department files of 20,000 rows read inside this process and in a process of their own.

    python -m benchmarks.readers [--rows 20000] [--columns 12]

Prints, for CSV, XLSX and GeoPackage: seconds of the clock and of the processor (of both processes) to read everything in this process
and in a confined one (start, copy and pipe included), and the confined one's time to its first answer.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import shapely

from database.installation.workspace import workspace
from importing.files import CSV_SUFFIXES, VECTOR_SUFFIXES, WORKBOOK_SUFFIXES, open_table
from importing.files.csv_file import CsvSource
from importing.files.vector import VectorSource
from importing.files.workbook import WorkbookSource

ALL = CSV_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES
MOST_MB = 4096
ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=12)
    arguments = parser.parse_args()
    with workspace("benchmark") as folder:
        for path, direct in files(folder, arguments.rows, arguments.columns):
            here = [timed(direct) for _ in range(ROUNDS)]
            apart = [timed(lambda path=path: open_table(path, ALL)) for _ in range(ROUNDS)]
            print(f"{path.suffix:6} {path.stat().st_size / 1e6:6.1f} MB  here {shown(here)}  confined {shown(apart)}")


def timed(open_file: Callable[[], Any]) -> tuple[float, float, float]:
    """Seconds until all is read, of the processor, and until the columns are known."""
    start, worked = time.perf_counter(), processor()
    with closing(open_file()) as source:
        first = time.perf_counter() - start
        for _ in source.batches():
            pass
    return time.perf_counter() - start, processor() - worked, first


def processor() -> float:
    """Seconds of the processor of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def shown(rounds: list[tuple[float, float, float]]) -> str:
    """The medians."""
    total, worked, first = (statistics.median(one) for one in zip(*rounds, strict=True))
    return f"{total:.2f} s (processor {worked:.2f} s, open {first:.2f} s)"


def files(folder: Path, rows: int, columns: int) -> list[tuple[Path, Callable[[], Any]]]:
    """One file of each format, with how it is opened inside this process."""
    names = [f"列{n}" for n in range(columns)]
    values = [[f"值{row}-{n}" for n in range(columns)] for row in range(rows)]
    table, book, layer = folder / "a.csv", folder / "a.xlsx", folder / "a.gpkg"
    table.write_text("\n".join(",".join(row) for row in [names, *values]) + "\n", encoding="utf-8")
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("a")
    for row in [names, *values]:
        sheet.append(row)
    workbook.save(book)
    pyogrio.raw.write(
        str(layer),
        shapely.to_wkb(shapely.points(np.linspace(119, 120, rows), np.linspace(30, 31, rows))),
        [np.array([row[n] for row in values], dtype=object) for n in range(columns)],
        names,
        geometry_type="Point",
        crs="EPSG:4490",
    )
    return [
        (table, lambda: CsvSource(table, name=table.name, max_mb=MOST_MB)),
        (book, lambda: WorkbookSource(book, name=book.name, max_mb=MOST_MB)),
        (layer, lambda: VectorSource(layer, "gpkg", name=layer.name, max_mb=MOST_MB)),
    ]


if __name__ == "__main__":
    main()

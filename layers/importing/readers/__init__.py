"""Readers of department files: CSV, XLSX, GeoPackage, Shapefile, GeoJSON."""

from __future__ import annotations

import hashlib
from pathlib import Path

from layers.importing.errors import FileEmpty, FileUnreadable
from layers.importing.mapping import Mapping
from layers.importing.readers.csv_file import CsvSource
from layers.importing.readers.dissolve import DissolvedSource
from layers.importing.readers.source import Source
from layers.importing.readers.vector import VectorSource
from layers.importing.readers.workbook import WorkbookSource

VECTOR_SUFFIXES = {".gpkg", ".shp", ".zip", ".geojson", ".json"}
WORKBOOK_SUFFIXES = {".xlsx", ".xlsm", ".xls", ".ods"}
CSV_SUFFIXES = {".csv", ".tsv", ".txt", ".gz"}


def open_source(path: Path, mapping: Mapping) -> Source:
    """The department file as the mapping wants it. Raises an ImportRefused that says what is wrong with the file."""
    if not path.is_file():
        raise FileUnreadable(f"没有文件 {path} / no such file", path=str(path))
    if path.stat().st_size == 0:
        raise FileEmpty(path.name)
    source = _open(path, mapping)
    mapping.check_columns(source.columns)
    # a workbook of rejected rows holds rows that were joined already
    if mapping.dissolve is None or path.suffix.lower() in WORKBOOK_SUFFIXES:
        return source
    return DissolvedSource(source, mapping.dissolve)


def _open(path: Path, mapping: Mapping) -> Source:
    suffix = path.suffix.lower()
    if suffix in CSV_SUFFIXES:
        return CsvSource(path, mapping.encoding, mapping.delimiter)
    if suffix in WORKBOOK_SUFFIXES:
        return WorkbookSource(path, mapping.sheet)
    if suffix in VECTOR_SUFFIXES:
        return VectorSource(path, mapping.layer, mapping.encoding)
    known = " ".join(sorted(CSV_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES))
    raise FileUnreadable(f"不认识的格式 {suffix}；可用：{known} / unknown format", suffix=suffix)


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

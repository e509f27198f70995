"""The confined side of a reader: opens the one file in its folder as the one format it was taken for, and hands out batches."""

from __future__ import annotations

import codecs
import importlib
from collections.abc import Iterator
from pathlib import Path

from database.confinement.frames import Frame, Message, Serve
from importing.files.encoding import ENCODINGS, load_codecs
from importing.files.source import Reader, RowBatch

VECTOR = ("gpkg", "shp", "json")


def prepare(work: Message) -> tuple[Serve, list[Path]]:
    """Load everything that reading this file needs; afterwards there is no disk but the folder. Returns the answering function
    and folders whose files are needed later.

    work: ``reader`` (csv, workbook, pbf, vector), ``kind``, ``file``, ``name``, ``max_mb``, and what the mapping says;
    ``wanted``: columns the mapping needs, ``known``: names of the county.
    """
    reader = work["reader"]
    folders: list[Path] = []
    if reader == "csv":
        importlib.import_module("importing.files.csv_file")
    elif reader == "workbook":
        importlib.import_module("importing.files.workbook")
    elif reader == "pbf":
        importlib.import_module("importing.files.pbf")
    else:
        from database.confinement.gdal import keep_drivers, load_converters, proj_folder

        vector = importlib.import_module("importing.files.vector")
        keep_drivers(vector.DRIVERS[work["kind"]])
        load_converters(ENCODINGS)
        folders = proj_folder("pyogrio")
        for codec in importlib.import_module("importing.files.code_pages").CODECS:
            codecs.lookup(codec)
        vector.local_time("2026-01-01T00:00:00Z")  # the rules of the time zone
    load_codecs()
    return _Reading(work).serve, folders


class _Reading:
    """One file: opened at the first question, then read as often as asked."""

    def __init__(self, work: Message) -> None:
        self._work = work
        self._source: Reader | None = None
        self._batches: Iterator[RowBatch] = iter(())

    def serve(self, question: Message) -> Frame:
        """Questions: ``open``, ``begin`` (with ``size``), ``next``."""
        if question["ask"] == "open":
            self._source = _open(self._work)
            return _header(self._source), b""
        assert self._source is not None
        if question["ask"] == "begin":
            self._batches = self._source.batches(int(question["size"]))
        batch = next(self._batches, None)
        return ({"end": True, "notices": self._source.notices}, b"") if batch is None else _packed(batch)


def _open(work: Message) -> Reader:
    path = Path.cwd() / work["file"]
    name, max_mb, wanted = work["name"], work["max_mb"], work["wanted"]
    if work["reader"] == "csv":
        from importing.files.csv_file import CsvSource

        return CsvSource(
            path, work["encoding"], work["delimiter"], name=name, max_mb=max_mb, wanted=wanted, known=work["known"]
        )
    if work["reader"] == "workbook":
        from importing.files.workbook import WorkbookSource

        return WorkbookSource(path, work["sheet"], name=name, max_mb=max_mb, wanted=wanted)
    if work["reader"] == "pbf":
        from importing.files.pbf import PbfSource

        return PbfSource(path, name=name, area=work["area"])
    from importing.files.vector import VectorSource

    return VectorSource(path, work["kind"], work["layer"], work["encoding"], name=name, max_mb=max_mb)


def _header(source: Reader) -> Message:
    """What is known without reading a row; only layers of GDAL know more than columns, system and encoding."""
    return {
        "columns": source.columns, "crs": source.crs, "encoding": source.encoding,
        "spatial": getattr(source, "spatial", False), "structured": getattr(source, "structured", []),
        "cut": getattr(source, "cut", []),
    }  # fmt: skip


def _packed(batch: RowBatch) -> Frame:
    content: Message = {"numbers": batch.numbers, "values": batch.values, "broken": list(batch.broken.items())}
    if batch.quotes:
        content["quotes"] = list(batch.quotes)
    content["flaws"] = list(batch.flaws.items())
    if batch.geometries is None:
        return content, b""
    import shapely

    shapes = shapely.to_wkb(batch.geometries)
    content["lengths"] = [-1 if shape is None else len(shape) for shape in shapes]
    return content, b"".join(shape for shape in shapes if shape is not None)

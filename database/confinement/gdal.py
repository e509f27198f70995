"""GDAL inside a confined process: only the named drivers exist."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from pathlib import Path

from database.confinement.errors import ConfinementFailed


def keep_drivers(*names: str) -> list[str]:
    """Take every driver but these out of every GDAL that is loaded here, for good; returns those that stay.

    The allow-list is of drivers, not of names of files: VRT, GDALG, WFS and what GDAL learns next year are gone with the rest.
    Raises ConfinementFailed when GDAL is not found.
    """
    libraries = _libraries()
    if not libraries:
        raise ConfinementFailed("GDAL")
    left: set[str] = set()
    for path in libraries:
        left |= _keep(ctypes.CDLL(path), set(names))
    return sorted(left)


def proj_folder(package: str) -> list[Path]:
    """The folder with the database of reference systems that a package brings along; none when it uses the system's."""
    import importlib.util

    found = importlib.util.find_spec(package)
    folder = Path(found.origin).parent / "proj_data" if found and found.origin else None
    return [folder] if folder is not None and folder.is_dir() else []


def load_converters(encodings: Iterable[str]) -> None:
    """Load the C library's tables for these encodings, which GDAL asks it for; unknown ones are passed over.

    They stay open: what is closed may be unloaded, and later there is nowhere to load it from.
    """
    iconv_open = ctypes.CDLL(None).iconv_open
    iconv_open.restype = ctypes.c_void_p
    for encoding in encodings:
        iconv_open(b"UTF-8", encoding.encode("ascii"))
        iconv_open(encoding.encode("ascii"), b"UTF-8")


def _keep(library: ctypes.CDLL, wanted: set[str]) -> set[str]:
    library.GDALGetDriver.restype = ctypes.c_void_p
    library.GDALGetDriverShortName.restype = ctypes.c_char_p
    library.GDALGetDriverShortName.argtypes = [ctypes.c_void_p]
    library.GDALDeregisterDriver.argtypes = [ctypes.c_void_p]
    library.GDALAllRegister()
    drivers = [library.GDALGetDriver(number) for number in range(library.GDALGetDriverCount())]
    names = {driver: library.GDALGetDriverShortName(driver).decode() for driver in drivers}
    gone = sorted(set(names.values()) - wanted)
    # who registers again (rasterio does with each environment) gets no more than we leave
    library.CPLSetConfigOption(b"GDAL_SKIP", ",".join([*gone, ""]).encode())
    for driver, name in names.items():
        if name not in wanted:
            library.GDALDeregisterDriver(driver)
    return {
        library.GDALGetDriverShortName(library.GDALGetDriver(n)).decode() for n in range(library.GDALGetDriverCount())
    }


def _libraries() -> list[str]:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    paths = {line.split(maxsplit=5)[5] for line in lines if "libgdal" in line and len(line.split(maxsplit=5)) == 6}
    return sorted(paths)

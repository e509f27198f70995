"""ZIP files from outside: a zipped Shapefile unpacked by hand, and how much an archive would be when unpacked."""

from __future__ import annotations

import errno
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from importing.errors import FileTooHeavy, FileTruncated, FileUnreadable

MOST_MEMBERS = 2_000
#: an honest table shrinks by less; counted from SUSPICIOUS_BYTES on
MOST_RATIO = 200
SUSPICIOUS_BYTES = 64 * 1024 * 1024
BLOCK = 1 << 20
MEGABYTE = 1024 * 1024
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def open_archive(path: Path, name: str, max_mb: int) -> zipfile.ZipFile:
    """The archive, its list of contents checked. Raises FileTruncated, FileTooHeavy, FileUnreadable."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileTruncated(f"{name}：压缩包不完整 / the archive is not whole") from None
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise FileTooHeavy(
            f"{name} 里有 {len(members)} 个文件，上限 {MOST_MEMBERS}。请只压缩需要的文件。 / {len(members)} files inside, at most "
            f"{MOST_MEMBERS}: pack only what is needed.",
            members=len(members),
        )
    for member in members:
        if member.flag_bits & 0x1:
            raise FileUnreadable(f"{name} 加了密码，请去掉密码。 / the archive has a password: remove it.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise FileUnreadable(
                f"{name} 里有链接，不能读取。请只压缩文件本身。 / the archive holds a link: pack the files themselves."
            )
        if ".." in PurePosixPath(member.filename.replace("\\", "/")).parts or member.filename.startswith(("/", "\\")):
            raise FileUnreadable(
                f"{name} 里有指向别处的路径，不能读取。 / the archive holds a path that leads elsewhere."
            )
    check_size(sum(member.file_size for member in members), path.stat().st_size, name, max_mb)
    return archive


def check_size(unpacked: int, packed: int, name: str, max_mb: int) -> None:
    """Raise FileTooHeavy for a content that is too large, or was made to be."""
    if unpacked > max_mb * MEGABYTE:
        raise FileTooHeavy(
            f"{name} 展开后超过 {max_mb} MB（ONEMAP_MAX_UNPACKED_MB）。请分成几个文件。 / more than {max_mb} MB unpacked: split it.",
            megabytes=unpacked // MEGABYTE,
        )
    if unpacked > SUSPICIOUS_BYTES and unpacked > MOST_RATIO * max(packed, 1):
        raise FileTooHeavy(
            f"{name} 的压缩比超过 {MOST_RATIO} 倍，不像真实数据，不予读取。请不压缩再发送。 / it unpacks to more than {MOST_RATIO} times its "
            "size, which real data does not. Send it without compression.",
            megabytes=unpacked // MEGABYTE,
        )


def blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """The content of one member, no more than its entry says. Raises FileTruncated."""
    left = member.file_size
    try:
        with archive.open(member) as file:
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        # a place in the archive that cannot be is a fault of the archive (EINVAL), not of the disk
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise FileTruncated(f"{name}：压缩包不完整 / the archive is not whole") from None
    except Exception as error:  # zlib.error, lzma.LZMAError: libraries of the methods, one class each
        raise FileTruncated(f"{name}：压缩包损坏（{type(error).__name__}）/ the archive is damaged") from None


def unpack_shapefile(path: Path, name: str, layer: str | None, max_mb: int) -> tuple[Path, str]:
    """Unpack the Shapefile in a ZIP beside it, under a name of our own; returns its .shp and its name in the archive.

    layer: which, when there are several. Raises FileUnreadable, FileTruncated, FileTooHeavy.
    """
    with open_archive(path, name, max_mb) as archive:
        sets: dict[str, dict[str, zipfile.ZipInfo]] = {}
        for member in archive.infolist():
            inner = PurePosixPath(_name_of(member).replace("\\", "/"))
            if member.is_dir() or inner.suffix.lower() not in PARTS or inner.parts[0] == "__MACOSX":
                continue
            sets.setdefault(str(inner.with_suffix("")), {})[inner.suffix.lower()] = member
        layers = {stem: parts for stem, parts in sets.items() if ".shp" in parts}
        chosen = _choose(layers, layer, name)
        parts = layers[chosen]
        missing = [suffix for suffix in (".dbf", ".shx") if suffix not in parts]
        if missing:
            raise FileTruncated(
                f"{name} 缺少同名的 {'、'.join(missing)} 文件 / the Shapefile lacks its {', '.join(missing)}",
                missing=missing,
            )
        for suffix, member in parts.items():
            with (path.parent / f"unpacked{suffix}").open("wb") as file:
                for block in blocks(archive, member, name):
                    file.write(block)
    return path.parent / "unpacked.shp", PurePosixPath(chosen).name


def _choose(layers: dict[str, dict[str, zipfile.ZipInfo]], wanted: str | None, name: str) -> str:
    if not layers:
        raise FileUnreadable(f"{name} 里没有 Shapefile（.shp）/ no Shapefile in the archive")
    if len(layers) == 1:
        return next(iter(layers))
    found = [stem for stem in layers if wanted is not None and wanted in (stem, PurePosixPath(stem).name)]
    if len(found) == 1:
        return found[0]
    names = "、".join(PurePosixPath(stem).name for stem in layers)
    if wanted is None:
        raise FileUnreadable(
            f"{name} 有 {len(layers)} 个图层，请在映射里写 layer：{names} / name the layer in the mapping",
            found=list(layers),
        )
    raise FileUnreadable(f"{name} 没有图层 {wanted}；有：{names} / no such layer", found=list(layers))


def _name_of(member: zipfile.ZipInfo) -> str:
    """The name as it was meant: Windows in Chinese writes GBK, which the format takes for code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename

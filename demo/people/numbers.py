"""Invented numbers with valid check characters: resident ID numbers, social credit codes; and phones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_ID_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
_ID_CHECK = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, n, 31) for n in range(17))
PHONE_PREFIX = "154"  # a block that no operator uses for the public
DAYS = np.datetime64("1900-01-01")


def id_numbers(rng: np.random.Generator, division: str, births: npt.NDArray[np.datetime64], male: Ints) -> list[str]:
    """Resident ID numbers (GB 11643) with valid checksums, all different. At most 500 of one sex on one day."""
    day = (births - DAYS).astype(np.int64)
    kind = day * 2 + male
    order = np.argsort(kind, kind="stable")
    first = np.searchsorted(kind[order], kind[order])
    rank = np.empty(len(kind), dtype=np.int64)
    rank[order] = np.arange(len(kind)) - first
    if len(rank) and rank.max() >= 500:
        raise ValueError("more than 500 births of one sex on one day")
    offset = rng.integers(0, 500, int(kind.max()) + 1 if len(kind) else 1)[kind]
    serial = (offset + rank) % 500 * 2 + male
    dates = np.char.replace(births.astype("datetime64[D]").astype(str), "-", "")
    bodies = [f"{division}{date}{number:03d}" for date, number in zip(dates.tolist(), serial.tolist(), strict=True)]
    if not bodies:
        return []
    digits = np.array(bodies, dtype="U17").view("U1").reshape(len(bodies), 17).astype(np.int64)
    check = (digits * _ID_WEIGHTS).sum(axis=1) % 11
    return [body + _ID_CHECK[n] for body, n in zip(bodies, check.tolist(), strict=True)]


def break_checksum(number: str) -> str:
    """The same ID number with a wrong last character."""
    return number[:17] + ("1" if number[17] != "1" else "2")


def phones(rng: np.random.Generator, count: int) -> list[str]:
    """Mobile numbers that are all different, in a block without subscribers."""
    start = int(rng.integers(0, 9_000_000))
    step = 7_919
    return [f"{PHONE_PREFIX}{(start + i * step) % 100_000_000:08d}" for i in range(count)]


def credit_codes(division: str, count: int) -> list[str]:
    """Unified social credit codes (GB 32100) with valid check characters."""
    codes = []
    for i in range(count):
        body = f"92{division}MADE{i:05d}"
        total = sum(_CREDIT_ALPHABET.index(c) * w for c, w in zip(body, _CREDIT_WEIGHTS, strict=True))
        codes.append(body + _CREDIT_ALPHABET[(31 - total % 31) % 31])
    return codes

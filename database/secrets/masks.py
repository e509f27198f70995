"""What may be shown of a number that is sealed. Readers of foreign files use it in confinement: it needs no library."""

from __future__ import annotations


def mask_id_number(id_number: str) -> str:
    """``330*************1X``: the first three and the last two stay. Why no more: docs/masking.md."""
    if len(id_number) < 15:
        return "*" * len(id_number)
    return id_number[:3] + "*" * (len(id_number) - 5) + id_number[-2:].upper()


def mask_phone(phone: str) -> str:
    """``*******5678``: the last four stay; of a number too short for that the last two."""
    shown = 4 if len(phone) >= 8 else 2
    return "*" * max(len(phone) - shown, 0) + phone[-shown:]

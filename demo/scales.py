"""How large the demo county is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Target numbers of one size. radius_km: of the county's rough circle. Planted anomalies grow with ``planted``."""

    name: str
    radius_km: float
    subdistricts: int
    towns: int
    townships: int
    villages: int
    cells: int
    micro_cells: int
    addresses: int
    households: int
    units: int
    events: int
    facilities: int
    planted: int

    @property
    def all_towns(self) -> int:
        """Subdistricts, towns and townships."""
        return self.subdistricts + self.towns + self.townships


SCALES = {
    # for tests
    "tiny": Scale("tiny", 4.0, 1, 1, 0, 6, 24, 72, 1_600, 800, 60, 400, 120, 1),
    "small": Scale("small", 10.0, 1, 1, 1, 24, 120, 360, 12_000, 7_000, 600, 3_000, 2_000, 1),
    "county": Scale("county", 20.0, 3, 7, 2, 180, 900, 2_700, 150_000, 130_000, 8_000, 40_000, 20_000, 6),
    "large": Scale("large", 28.0, 5, 15, 4, 600, 5_000, 15_000, 1_000_000, 345_000, 30_000, 120_000, 60_000, 12),
}

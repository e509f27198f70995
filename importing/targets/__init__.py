"""What rows become: one module per target, all with the same rooms (see ``base``)."""

from __future__ import annotations

from importing.mapping import Mapping
from importing.targets.address import AddressTarget
from importing.targets.base import Target
from importing.targets.base_map import BaseMapTarget
from importing.targets.cell import CellTarget
from importing.targets.division import DivisionTarget
from importing.targets.event import EventTarget
from importing.targets.facility import FacilityTarget
from importing.targets.household import HouseholdTarget
from importing.targets.person import PersonTarget
from importing.targets.person_place import PersonPlaceTarget
from importing.targets.place import PlaceTarget
from importing.targets.place_name import PlaceNameTarget
from importing.targets.visit import VisitTarget
from importing.targets.worker import WorkerTarget

TARGETS: dict[str, type[Target]] = {
    target.name: target
    for target in (
        DivisionTarget,
        CellTarget,
        AddressTarget,
        HouseholdTarget,
        PersonTarget,
        EventTarget,
        PlaceTarget,
        FacilityTarget,
        PlaceNameTarget,
        WorkerTarget,
        VisitTarget,
        PersonPlaceTarget,
        BaseMapTarget,
    )
}


def make_target(mapping: Mapping) -> Target:
    """The target of a mapping, ready for one import. Raises MappingInvalid when the mapping does not fit it."""
    target = TARGETS[mapping.target]()
    target.check_mapping(mapping)
    return target

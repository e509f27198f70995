"""What rows become: one module per target, all with the same rooms (see ``base``)."""

from __future__ import annotations

from layers.importing.mapping import Mapping
from layers.importing.targets.address import AddressTarget
from layers.importing.targets.base import Target
from layers.importing.targets.cell import CellTarget
from layers.importing.targets.division import DivisionTarget
from layers.importing.targets.event import EventTarget
from layers.importing.targets.facility import FacilityTarget
from layers.importing.targets.household import HouseholdTarget
from layers.importing.targets.person import PersonTarget
from layers.importing.targets.person_place import PersonPlaceTarget
from layers.importing.targets.place import PlaceTarget
from layers.importing.targets.place_name import PlaceNameTarget
from layers.importing.targets.visit import VisitTarget
from layers.importing.targets.worker import WorkerTarget

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
    )
}


def make_target(mapping: Mapping) -> Target:
    """The target of a mapping, ready for one import. Raises MappingInvalid when the mapping does not fit it."""
    target = TARGETS[mapping.target]()
    target.check_mapping(mapping)
    return target

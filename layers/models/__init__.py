"""Tables of the layers, one name for all of them."""

from layers.models.history import (
    Alert,
    AlertStep,
    AlertWhole,
    AuditEvent,
    AuditHead,
    Change,
    ChangeWhole,
    ImportBatch,
    ImportReject,
    ImportWarning,
    PersonLook,
)
from layers.models.records import Event, Facility, Household, HouseholdMember, Person, PersonPlace, Place

__all__ = [
    "Alert",
    "AlertStep",
    "AlertWhole",
    "AuditEvent",
    "AuditHead",
    "Change",
    "ChangeWhole",
    "Event",
    "Facility",
    "Household",
    "HouseholdMember",
    "ImportBatch",
    "ImportReject",
    "ImportWarning",
    "Person",
    "PersonLook",
    "PersonPlace",
    "Place",
]

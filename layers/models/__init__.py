"""Tables of the layers, one name for all of them."""

from layers.models.history import Alert, AlertStep, AuditEvent, Change, ImportBatch, ImportReject
from layers.models.records import Event, Facility, Household, HouseholdMember, Person, PersonPlace, Place

__all__ = [
    "Alert",
    "AlertStep",
    "AuditEvent",
    "Change",
    "Event",
    "Facility",
    "Household",
    "HouseholdMember",
    "ImportBatch",
    "ImportReject",
    "Person",
    "PersonPlace",
    "Place",
]

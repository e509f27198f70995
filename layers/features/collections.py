"""The collections: the layers of the tile catalogue as features, with the properties they show and those they hide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Boolean, Column, ColumnElement, Table, func, literal_column, select

from alerts.lifecycle import NOT_ENDED, PENDING
from alerts.models import Alert
from database.base import CountyBase
from gazetteer.library.models import Division, StandardAddress
from grid.models import GridCell
from layers.events.models import Event
from layers.facilities.models import Facility
from layers.features.errors import HiddenProperty, UnknownCollection, UnknownProperty
from layers.people.models import Household, HouseholdMember, Person
from layers.places.models import Place
from layers.tiles.catalogue import LAYERS

Kind = Literal["string", "integer", "date", "timestamp"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property. kind: of its values. queryable: may stand in a filter. writable: a client may set it."""

    name: str
    title: str
    kind: Kind
    value: ColumnElement[Any]
    queryable: bool = True
    writable: bool = False

    @property
    def nullable(self) -> bool:
        """Whether features may hold no value of it: so the column says, and of what is reckoned nothing is known."""
        return not (isinstance(self.value, Column) and not self.value.nullable)


@dataclass(frozen=True)
class Collection:
    """One collection. key: names a feature for good; its order is that of ``grid_code`` and key.

    shown: which rows are features at all, the same as on tiles. time: what ``datetime`` compares. sortable: properties with a
    unique index. indexed: a table that grows with the records, whose boxes go through ``features_in_box``.
    """

    name: str
    title: str
    model: type[CountyBase]
    key: str
    properties: dict[str, Property]
    shown: tuple[ColumnElement[bool], ...]
    time: str | None = None
    sortable: frozenset[str] = frozenset()
    indexed: bool = True
    editable: bool = False
    also_hidden: frozenset[str] = frozenset()

    @property
    def table(self) -> Table:
        """The table its rows live in."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @property
    def sensitivity(self) -> Literal["public", "internal", "personal"]:
        """As the tile catalogue declares it."""
        return LAYERS[self.name].sensitivity

    @property
    def geometry_kind(self) -> Literal["point", "polygon", "mixed"]:
        """As the tile catalogue declares it."""
        return LAYERS[self.name].geometry

    @property
    def hidden(self) -> frozenset[str]:
        """Columns that exist and are never shown: personal ones, and those of the machinery."""
        columns = {column.name for column in self.table.columns} | self.also_hidden
        return frozenset(columns - set(self.properties) - {"id", self.key})

    @property
    def key_kind(self) -> Kind:
        """Kind of the identifiers."""
        return "integer" if self.table.c[self.key].type.python_type is int else "string"

    def property_named(self, name: str) -> Property:
        """A property, ``id`` included. Raises HiddenProperty, UnknownProperty."""
        if name == "id":
            return Property("id", "要素标识", self.key_kind, self.table.c[self.key])
        if name in self.properties:
            return self.properties[name]
        if name in self.hidden:
            raise HiddenProperty(f"{self.name}: {name}", property=name)
        raise UnknownProperty(f"{self.name}: {name}；{', '.join(self.properties)}", property=name)


def get_collection(name: str) -> Collection:
    """A collection by its name. Raises UnknownCollection."""
    if name not in COLLECTIONS:
        raise UnknownCollection(f"{name}；{', '.join(COLLECTIONS)}")
    return COLLECTIONS[name]


# --- the collections -------------------------------------------------------------------------------------


def _columns(model: Any, **columns: tuple[str, str, Kind]) -> dict[str, Property]:
    """Properties that are plain columns: name = (title, column, kind)."""
    table = model.__table__
    return {n: Property(n, title, kind, table.c[column]) for n, (title, column, kind) in columns.items()}


def _writable(properties: dict[str, Property], *names: str) -> dict[str, Property]:
    return {
        name: Property(p.name, p.title, p.kind, p.value, p.queryable, writable=name in names)
        for name, p in properties.items()
    }


def _waiting_alerts() -> Property:
    """Alerts that wait in a cell; served by ``ix_alert_not_ended``."""
    alert, cell = Alert.__table__, GridCell.__table__
    number = (
        select(func.count())
        .select_from(alert)
        .where(
            alert.c.grid_code >= cell.c.code,
            alert.c.grid_code < cell.c.code + "~",
            literal_column(f"alert.{NOT_ENDED}", Boolean),
            alert.c.status.in_(sorted(PENDING)),
        )
        .scalar_subquery()
    )
    return Property("alerts", "待处理预警数", "integer", number, queryable=False)


def _members() -> Property:
    """Present members of a household; served by ``uq_household_member_household_id_person_id_valid_from``."""
    member, household = HouseholdMember.__table__, Household.__table__
    number = (
        select(func.count())
        .select_from(member)
        .where(member.c.household_id == household.c.id, member.c.valid_to.is_(None))
        .scalar_subquery()
    )
    return Property("members", "现有成员数", "integer", number, queryable=False)


def _status_codes() -> Property:
    codes: ColumnElement[Any] = literal_column(
        "(SELECT string_agg(s, ',') FROM jsonb_array_elements_text(household.status_codes) AS s)"
    )
    return Property("status", "状态码", "string", codes, queryable=False)


COLLECTIONS: dict[str, Collection] = {
    c.name: c
    for c in (
        Collection(
            "divisions", LAYERS["divisions"].title, Division, "code",
            _columns(Division, level=("级别", "level", "string"), name=("名称", "name", "string"),
                     parent=("上级区划", "parent_code", "string"), kind=("类别", "kind", "string")),
            (Division.valid_to.is_(None),), sortable=frozenset({"id"}), indexed=False,
        ),
        Collection(
            "cells", LAYERS["cells"].title, GridCell, "code",
            _writable(
                _columns(GridCell, level=("级别", "level", "string"), name=("名称", "name", "string"),
                         parent=("所属村社区或网格", "parent_code", "string"), valid_from=("启用日期", "valid_from", "date"))
                | {"alerts": _waiting_alerts()},
                "name",
            ),
            (GridCell.valid_to.is_(None),), sortable=frozenset({"id"}), indexed=False, editable=True,
        ),
        Collection(
            "addresses", LAYERS["addresses"].title, StandardAddress, "id",
            _writable(
                _columns(StandardAddress, text=("标准地址", "full_text", "string"), depth=("层级深度", "depth", "integer"),
                         status=("状态", "status", "string"), code=("地址编码", "code", "string"),
                         town=("乡镇街道", "town", "string"), village=("村社区", "village", "string"),
                         road=("街路巷", "road", "string"), number_plate=("门牌号", "number_plate", "string"),
                         division_code=("村社区代码", "division_code", "string"), grid_code=("网格编码", "grid_code", "string"),
                         valid_from=("生效日期", "valid_from", "date")),
                "text",
            ),
            (StandardAddress.status == "published",), sortable=frozenset({"id", "code"}), editable=True,
        ),
        Collection(
            "places", LAYERS["places"].title, Place, "id",
            _columns(Place, kind=("类别", "kind", "string"), name=("名称", "name", "string"),
                     occupancy=("使用情况", "occupancy", "string"), grid_code=("网格编码", "grid_code", "string")),
            (), sortable=frozenset({"id"}),
        ),
        Collection(
            "persons", LAYERS["persons"].title, Household, "id",
            _columns(Household, household_no=("户号", "household_no", "string"), kind=("户类型", "kind", "string"),
                     grid_code=("网格编码", "grid_code", "string"))
            | {"members": _members(), "status": _status_codes()},
            (), sortable=frozenset({"id", "household_no"}),
            also_hidden=frozenset(column.name for column in Person.__table__.columns),
        ),
        Collection(
            "events", LAYERS["events"].title, Event, "id",
            _columns(Event, kind=("类别", "kind", "string"), title=("标题", "title", "string"),
                     state=("状态", "state", "string"), at=("发生时间", "occurred_at", "timestamp"),
                     grid_code=("网格编码", "grid_code", "string")),
            (), time="at", sortable=frozenset({"id"}),
        ),
        Collection(
            "objects", LAYERS["objects"].title, Facility, "id",
            _columns(Facility, kind=("类别", "kind", "string"), name=("名称", "name", "string"),
                     state=("状态", "state", "string"), grid_code=("网格编码", "grid_code", "string")),
            (), sortable=frozenset({"id"}),
        ),
        Collection(
            "alerts", LAYERS["alerts"].title, Alert, "id",
            _columns(Alert, rule=("规则", "rule", "string"), title=("标题", "title", "string"),
                     severity=("级别", "severity", "string"), status=("状态", "status", "string"),
                     raised_at=("首次发现", "first_raised_at", "timestamp"), grid_code=("网格编码", "grid_code", "string")),
            (literal_column(f"alert.{NOT_ENDED}", Boolean),), time="raised_at", sortable=frozenset({"id", "raised_at"}),
        ),
    )
}  # fmt: skip

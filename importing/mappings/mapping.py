"""A mapping (映射): how the columns of one department table become the fields of a target. One small TOML file each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from importing.errors import ColumnMissing, MappingInvalid, MappingNotFound
from importing.mappings.rewriting import CodeTemplate, Replace
from importing.mappings.toml_lines import line_of
from layers.people.masking import columns_to_show

FOLDER = Path(__file__).parent

#: What an empty cell (空单元格) means for a record that has a value: it stays, it is cleared, or the row is sent back.
Empty = Literal["keep", "clear", "reject"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_as_list)]


class Column(_Model):
    """Where one field comes from, and how its text is rewritten, in this order.

    column(s) joined by ``join``, or ``template`` with {column}, or ``constant``; ``replace``; ``blank`` texts count as
    nothing; ``code`` reads a code written in another form; ``first`` / ``last`` characters; ``prefix`` and ``suffix``;
    ``values`` translates (others are refused unless ``others`` says what they become); ``default`` for nothing.
    ``format``: of a date. ``split``: between the codes of a list. ``empty``: what an empty cell means; as the mapping says
    when left out.
    """

    column: str | None = None
    columns: list[str] | None = None
    join: str = ""
    template: str | None = None
    constant: str | None = None
    replace: list[Replace] = []
    blank: list[str] = []
    code: CodeTemplate | None = None
    first: int | None = Field(None, ge=1)
    last: int | None = Field(None, ge=1)
    prefix: str = ""
    suffix: str = ""
    values: dict[str, str] | None = None
    others: str | None = None
    default: str | None = None
    format: Names = []
    split: str | None = None
    required: bool | None = None
    empty: Empty | None = None

    @model_validator(mode="before")
    @classmethod
    def _former_empty(cls, value: Any) -> Any:
        """Before there was a choice, ``empty`` was the list of texts that count as nothing."""
        if isinstance(value, dict) and isinstance(value.get("empty"), list):
            value = dict(value)
            value["blank"] = [*value.get("blank", []), *value.pop("empty")]
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        given = [self.column, self.columns, self.template, self.constant]
        if sum(item is not None for item in given) != 1:
            raise ValueError(
                "column、columns、template、constant 四者选一 / give exactly one of column, columns, template, constant"
            )
        return self

    def sources(self) -> list[str]:
        """The columns of the file this field reads."""
        if self.column is not None:
            return [self.column]
        if self.columns is not None:
            return self.columns
        return template_columns(self.template) if self.template is not None else []


def template_columns(template: str) -> list[str]:
    """The column names between braces."""
    return [part.split("}", 1)[0] for part in template.split("{")[1:]]


def _as_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


ColumnSpec = Annotated[Column, BeforeValidator(_as_column)]


class Position(_Model):
    """Columns with the coordinates of a point, when the file has no geometry: east first, then north."""

    lon: str
    lat: str
    empty: Empty | None = None


class Dissolve(_Model):
    """Join the features that share a column into one row; ``sum`` adds up columns of numbers."""

    by: str
    sum: list[str] = []


class Mapping(_Model):
    """One department table (部门表) and the target its rows become. Its name is recorded as the source of the records."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    target: str = Field(pattern=r"^[a-z_]+$", description="one of the modules in ``targets``")
    key: Names = []
    source: str | None = Field(None, description="name recorded with the records; the mapping's own by default")
    crs: str | None = Field(None, description="EPSG:…, GCJ-02 or BD-09; needed when the file does not say")
    transformation: str | None = Field(
        None, description="EPSG code of the transformation from another datum (Beijing 54 …), one of those offered"
    )
    layer: str | None = Field(None, description="layer of a GeoPackage")
    sheet: str | None = Field(None, description="sheet of a workbook; needed when several have data")
    encoding: str | None = Field(None, description="only when detection fails")
    delimiter: str | None = Field(None, description="of a CSV; comma by default")
    position: Position | None = None
    bounds: tuple[float, float, float, float] | None = Field(
        None, description="west, south, east, north in degrees, when the county has no boundary yet"
    )
    only: dict[str, Names] = Field({}, description="take only rows whose column holds one of these")
    dissolve: Dissolve | None = None
    snapshot: bool = Field(False, description="the file is complete: what it lacks is retired, never deleted")
    empty: Empty = Field("keep", description="what empty cells mean where a column does not say")
    columns: dict[str, ColumnSpec]
    _text: str = PrivateAttr("")

    def empty_of(self, field: str) -> Empty:
        """What an empty cell of this field means."""
        spec = self.columns.get(field)
        return (spec.empty if spec is not None else None) or self.empty

    @property
    def empty_position(self) -> Empty:
        """What a row without a position means."""
        return (self.position.empty if self.position is not None else None) or self.empty

    def place(self, *path: str | int) -> str:
        """Name of the mapping and line of this key, for messages."""
        line = line_of(self._text, path)
        return self.name if line is None else f"{self.name} 第 {line} 行 (line {line})"

    @property
    def source_name(self) -> str:
        """What is recorded as the source of each record."""
        return self.source or self.name

    def used_columns(self) -> list[str]:
        """Every column of the file the mapping reads, in order, once."""
        names: list[str] = list(self.key)
        for spec in self.columns.values():
            names += spec.sources()
        if self.position:
            names += [self.position.lon, self.position.lat]
        names += list(self.only)
        if self.dissolve:
            names += [self.dissolve.by, *self.dissolve.sum]
        return list(dict.fromkeys(names))

    @property
    def required_columns(self) -> list[str]:
        """The columns a file must have; those beginning with ``_`` come from the reader."""
        return [name for name in self.used_columns() if not name.startswith("_")]

    def check_columns(self, found: Iterable[str]) -> None:
        """Raise ColumnMissing, listing what was found, when the file lacks a column."""
        available = list(found)
        missing = [name for name in self.required_columns if name not in available]
        if missing:
            shown = columns_to_show(available)
            raise ColumnMissing(
                f"缺少列：{'、'.join(missing)}；文件里有：{'、'.join(shown)}。请改列名，或修改映射 {self.name}。 / "
                f"missing: {', '.join(missing)}; found: {', '.join(shown)}. Rename the column or edit the mapping.",
                missing=missing,
                found=shown,
            )


def parse_mapping(text: str, origin: str = "mapping") -> Mapping:
    """The mapping in a TOML text. Raises MappingInvalid, naming line and key."""
    try:
        mapping = Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingInvalid(f"{origin}：TOML 语法错误 / TOML syntax: {error}") from None
    except ValidationError as error:
        raise MappingInvalid(
            "\n".join(_fault(text, origin, item["loc"], item["msg"]) for item in error.errors())
        ) from None
    mapping._text = text
    return mapping


def _fault(text: str, origin: str, path: tuple[str | int, ...], message: str) -> str:
    line = line_of(text, path)
    place = origin if line is None else f"{origin} 第 {line} 行 (line {line})"
    keys = ".".join(str(part) for part in path)
    return f"{place}：{keys + '：' if keys else ''}{message.removeprefix('Value error, ')}"


def find_mapping(name: str) -> Mapping:
    """The mapping of this name in the repository; never a path, for names come from the web. Raises MappingNotFound."""
    path = FOLDER / f"{name}.toml"
    if not name.isidentifier() or not path.is_file():
        known = "、".join(sorted(item.stem for item in FOLDER.glob("*.toml")))
        raise MappingNotFound(f"{name}；已有：{known} / no such mapping; known: {known}", name=name)
    return load_mapping(path)


def load_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file. Raises MappingNotFound, MappingInvalid."""
    if not path.is_file():
        raise MappingNotFound(str(path), name=str(path))
    return parse_mapping(path.read_text(encoding="utf-8"), path.name)


def list_mappings(folder: Path = FOLDER) -> list[Mapping]:
    """Every mapping in the repository, by name."""
    return [load_mapping(path) for path in sorted(folder.glob("*.toml"))]

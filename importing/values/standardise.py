"""Rows as they come → values as the stage table takes them, or problems. Pure functions; personal numbers leave sealed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from database.secrets.masks import mask_id_number, mask_phone
from database.secrets.seal import Sealer, row_binding
from gazetteer.codes import resident_id_problem
from importing.files.cells import LOST_DIGITS, Text, fault_of, shown_text
from importing.mappings.mapping import Column, Empty, Mapping, template_columns
from importing.values.dates import RowProblem, read_date, read_time
from importing.values.fields import SEALED, Field, Kind
from importing.values.reasons import Problem
from layers.people.masking import mask_numbers

Row = Sequence[Text]
Getter = Callable[[Row], Text]
Cleaner = Callable[[str], str]

LOST_CHARACTERS = re.compile("[\ufffd\ue000-\uf8ff■□?？]|锟斤拷|锟斤|斤拷|烫烫烫|屯屯屯")
_SPACES = re.compile(r"\s+")
_SEPARATORS = re.compile(r"[、,，;；|/\s]+")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{7,8}")
_INTEGER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_COORDINATE = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
#: a number as spreadsheets and programs shorten it; what the dots stand for is lost
_SCIENTIFIC = re.compile(
    r"[+-]?(?:[0-9]+[.,][0-9]*[eE][+-]?[0-9]+|[0-9]+[eE]\+[0-9]+|[0-9][eE][1-9][0-9]|[0-9.,]+\s*[×xX*]\s*10\^?[0-9]+)"
)

#: In a row's hash: an empty cell that clears. The same file by a mapping that keeps is another row.
CLEARED = "\x18"


@dataclass(frozen=True, slots=True)
class FieldReader:
    """One field of one mapping: where its text comes from and how it is cleaned."""

    field: Field
    column: str | None
    required: bool
    empty: Empty
    get: Getter
    clean: Cleaner


def field_readers(mapping: Mapping, fields: Sequence[Field], columns: Sequence[str], today: date) -> list[FieldReader]:
    """A reader for each field that the mapping fills, in the order of the target's fields."""
    index = {name: i for i, name in enumerate(columns)}
    readers = []
    for field in fields:
        spec = mapping.columns.get(field.name)
        if spec is None:
            continue
        sources = spec.sources()
        empty = mapping.empty_of(field.name)
        required = empty == "reject" or (field.required if spec.required is None else spec.required)
        readers.append(
            FieldReader(
                field,
                sources[0] if sources else None,
                required,
                empty,
                _getter(field, spec, index),
                _cleaner(field, spec, today),
            )
        )
    return readers


@dataclass(frozen=True, slots=True)
class CleanRow:
    """One row, standardised. values: for the stage table, personal numbers sealed. hashed: what tells whether it changed
    (the keyed hash of a number, never its ciphertext, which does not repeat). plain: by field, for deriving; it holds
    personal numbers and never leaves Python."""

    values: list[Text]
    hashed: list[Text]
    plain: dict[str, Text]
    problems: list[Problem]


def read_row(readers: Sequence[FieldReader], row: Row, sealer: Sealer, record: tuple[str, ...]) -> CleanRow:
    """Clean every field of a row; what is wrong is listed, not raised. record: target, source and key; numbers are sealed for it."""
    clean = CleanRow([], [], {}, [])
    for reader in readers:
        name, kind = reader.field.name, reader.field.kind
        value: Text = None
        try:
            text = reader.get(row)
            if text is None:
                if reader.required:
                    clean.problems.append(Problem("missing_value", reader.column or name))
                elif kind is Kind.LIST and reader.empty == "clear":
                    value = "[]"  # no codes, which is not the same as not known
            else:
                refuse_fault(text)
                value = reader.clean(text) or None
                if value is None and reader.required:
                    clean.problems.append(Problem("missing_value", reader.column or name))
        except RowProblem as problem:
            clean.problems.append(problem.at(str(problem.facts.pop("column", reader.column))))
        clean.plain[name] = value
        if kind in SEALED:
            clean.values.extend(seal_value(reader.field, value, sealer, record))
            clean.hashed.append(None if value is None else bytea(sealer.identity(value)))
        else:
            clean.values.append(value)
            clean.hashed.append(value)
        if value is None or value == "[]":
            clean.hashed[-1] = CLEARED if reader.empty == "clear" else "[]" if kind is Kind.LIST else None
    return clean


def refuse_fault(text: Text, column: Text = None) -> None:
    """Raise RowProblem for a cell that is marked as holding no value of its own. column: where, when known."""
    fault = fault_of(text) if text is not None else None
    if fault is not None:
        code, facts = fault
        raise RowProblem(code, **facts, **({} if column is None else {"column": column}))


def is_shortened(text: str) -> bool:
    """True for a number in scientific notation."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _SCIENTIFIC.fullmatch(plain.strip()) is not None


def refuse_shortened(text: str) -> None:
    """Raise RowProblem digits_lost for a number in scientific notation, where a key, a code or a number of a person belongs."""
    if is_shortened(text):
        raise RowProblem("digits_lost", value=text)


def seal_value(field: Field, value: Text, sealer: Sealer, record: tuple[str, ...]) -> list[Text]:
    """Ciphertext, search hash, hashes by older keys and mask of a personal number, as the stage table takes them."""
    if value is None:
        return [None, None, None, None]
    mask = mask_id_number if field.kind is Kind.ID_NUMBER else mask_phone
    sealed = sealer.seal(value, bound_to=sealed_for(field.name, record))
    current, *older = sealer.index_candidates(value)
    others = "{" + ",".join(f'"\\\\x{one.hex()}"' for one in older) + "}" if older else None
    return [bytea(sealed), bytea(current), others, mask(value)]


def sealed_for(field: str, record: tuple[str, ...]) -> str:
    """What a personal number is bound to. record: target, source and key of the record."""
    target, *identity = record
    return row_binding(target, f"{field}_cipher", *identity)


def bytea(value: bytes) -> str:
    """Bytes as PostgreSQL reads them."""
    return "\\x" + value.hex()


def _getter(field: Field, spec: Column, index: dict[str, int]) -> Getter:
    origin = _origin(spec, index, exact=field.kind is not Kind.NUMBER)
    values = None if field.kind is Kind.LIST else spec.values
    rewriters = [one.rewriter() for one in spec.replace]
    empty = frozenset(spec.blank)
    write_code = spec.code.writer() if spec.code is not None else None
    plain = not (
        rewriters
        or empty
        or write_code
        or spec.first
        or spec.last
        or spec.prefix
        or spec.suffix
        or values
        or spec.default
    )
    if plain:
        return origin

    def get(row: Row) -> Text:
        text = origin(row)
        for rewrite in rewriters:
            text = None if text is None else rewrite(text)
        if not text or text in empty:
            return spec.default
        if write_code is not None:
            text = _written(write_code, text, spec)
        if spec.first:
            text = text[: spec.first]
        if spec.last:
            text = text[-spec.last :]
        text = f"{spec.prefix}{text}{spec.suffix}"
        return text if values is None else translate(text, values, spec.others)

    return get


def _written(write: Callable[[str], Text], text: str, spec: Column) -> str:
    """The code a template makes of a text. Raises RowProblem bad_code when it is not written so."""
    code = write(text)
    if code is None:
        assert spec.code is not None
        shape = spec.code.pattern
        raise RowProblem("bad_code", value=text, expected=f"应写成 {shape}", expected_en=f"write it as {shape}")
    return code


def translate(text: str, values: dict[str, str], others: Text) -> Text:
    """The translation of a text; raises RowProblem value_not_allowed when there is none and nothing for others."""
    found = values.get(text, others)
    if found is None:
        raise RowProblem("value_not_allowed", value=text, allowed="、".join(values))
    return found or None


def _origin(spec: Column, index: dict[str, int], *, exact: bool) -> Getter:
    """What the columns hold. exact: the last digits count, so that a number that lost them is refused."""

    def at(row: Row, name: str) -> Text:
        text = row[index[name]]
        if text is not None and text.startswith("\x00"):
            if not exact and text.startswith(LOST_DIGITS):
                return shown_text(text)
            refuse_fault(text, name)
        return text

    if spec.constant is not None:
        constant = spec.constant
        return lambda _row: constant
    if spec.template is not None:
        names = template_columns(spec.template)
        template = spec.template
        return lambda row: _filled(template, names, [at(row, name) for name in names])
    if spec.columns is not None:
        joined = spec.columns
        return lambda row: spec.join.join(text for name in joined if (text := at(row, name)) is not None) or None
    assert spec.column is not None
    only = spec.column
    return lambda row: at(row, only)


def _filled(template: str, names: list[str], texts: list[Text]) -> Text:
    """The template, or None when a column it needs is empty."""
    for name, text in zip(names, texts, strict=True):
        if text is None:
            return None
        template = template.replace("{" + name + "}", text, 1)
    return template


def _cleaner(field: Field, spec: Column, today: date) -> Cleaner:
    match field.kind:
        case Kind.DATE:
            return lambda text: read_date(_half_width(text), spec.format, past=field.past, today=today).isoformat()
        case Kind.TIME:
            return lambda text: read_time(_half_width(text), spec.format, past=field.past, today=today)
        case Kind.INTEGER:
            return _integer
        case Kind.NUMBER:
            return number
        case Kind.ID_NUMBER:
            return id_number
        case Kind.PHONE:
            return phone
        case Kind.NAME:
            return _name
        case Kind.LIST:
            return _list_cleaner(spec)
        case Kind.CODE:
            return _checked(field, _code)
        case Kind.ADDRESS:
            return plain_text
        case Kind.TEXT:
            return _checked(field, _free_text)


def _code(text: str) -> str:
    refuse_shortened(text)
    return _SPACES.sub("", unicodedata.normalize("NFKC", text))


def _checked(field: Field, clean: Cleaner) -> Cleaner:
    pattern = re.compile(field.pattern) if field.pattern else None
    allowed = field.allowed
    if pattern is None and allowed is None:
        return clean

    def checked(text: str) -> str:
        value = clean(text)
        if allowed is not None and value not in allowed:
            raise RowProblem("value_not_allowed", value=text, allowed="、".join(sorted(allowed)))
        if pattern is not None and pattern.fullmatch(value) is None:
            raise RowProblem("bad_code", value=text, expected=field.expected[0], expected_en=field.expected[1])
        return value

    return checked


def _half_width(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def plain_text(text: str) -> str:
    """One line, single spaces, no control characters."""
    return _SPACES.sub(" ", text.replace("\x00", "")).strip()


def _free_text(text: str) -> str:
    if "\ufffd" in text or "锟斤拷" in text:
        raise RowProblem("encoding_lost", value=mask_numbers(text))
    return mask_numbers(text.replace("\x00", "").strip())


def _name(text: str) -> str:
    value = plain_text(text)
    if LOST_CHARACTERS.search(value):
        raise RowProblem("encoding_lost", value=value)
    return value


def _integer(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _INTEGER.fullmatch(plain):
        raise RowProblem("bad_number", value=text)
    return str(int(plain.split(".")[0].replace(",", "")))


def number(text: str) -> str:
    """A number with a decimal point; full-width digits and commas between thousands are understood, nothing else.
    Raises RowProblem bad_number, also for NaN and infinity."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = plain.strip()
    if not _NUMBER.fullmatch(plain):
        raise RowProblem("bad_number", value=text)
    value = float(plain.replace(",", ""))
    if value in (float("inf"), float("-inf")):
        raise RowProblem("bad_number", value=text)
    return repr(value)


def coordinate(text: str) -> float:
    """One coordinate: digits and a decimal point, full width or not. Raises RowProblem bad_number, digits_lost for 1.2E+02."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not _COORDINATE.fullmatch(plain):
        refuse_fault(text)
        refuse_shortened(text)
        raise RowProblem("bad_number", value=text)
    return float(plain)


def id_number(text: str) -> str:
    """A resident ID number (GB 11643), 18 characters, X in capitals. Raises RowProblem bad_id_checksum, saying what."""
    refuse_shortened(text)
    value = _SPACES.sub("", unicodedata.normalize("NFKC", text)).upper()
    problem = resident_id_problem(value)
    if problem is not None:
        raise RowProblem("bad_id_checksum", why=problem.zh)
    return value


def phone(text: str) -> str:
    """A mobile or fixed-line number without spaces. Raises RowProblem bad_phone; the number itself is not repeated."""
    refuse_shortened(text)
    value = _SPACES.sub("", unicodedata.normalize("NFKC", text)).removeprefix("+86")
    if re.fullmatch(r"1[3-9]\d-\d{4}-\d{4}", value):
        value = value.replace("-", "")
    if not _PHONE.fullmatch(value):
        raise RowProblem("bad_phone")
    return value


def _list_cleaner(spec: Column) -> Cleaner:
    def clean(text: str) -> str:
        parts = [part.strip() for part in _parts(text, spec.split)]
        codes: set[Text] = {part for part in parts if part}
        if spec.values is not None:
            codes = {translate(code, spec.values, spec.others) for code in codes if code}
        return orjson.dumps(sorted(code for code in codes if code)).decode()

    return clean


def _parts(text: str, split: str | None) -> list[str]:
    """The parts of a list: of a JSON list its members, else what stands between the separators."""
    if text.startswith("[") and text.endswith("]"):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if isinstance(found, list):
            return [str(one) for one in found if one is not None and not isinstance(one, list | dict)]
    return text.split(split) if split else _SEPARATORS.split(text)

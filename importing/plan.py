"""A load plan (装载计划): files and their mappings in order, for loading a whole county."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from importing.errors import MappingInvalid, MappingNotFound
from importing.mappings.mapping import FOLDER, Mapping, find_mapping, load_mapping
from importing.pipeline import ImportReport, import_file
from importing.progress import Progress

PLANS = FOLDER.parent / "plans"


class Step(BaseModel):
    """One file and its mapping: a name in the repository, or a TOML file beside the plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    mapping: str


class LoadPlan(BaseModel):
    """A county and its files, in the order in which they must come."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    county: str
    county_name: str
    step: list[Step]


def load_plan(name: str | Path) -> LoadPlan:
    """The plan of a name in the repository, or of a TOML file. Raises MappingNotFound, MappingInvalid."""
    path = Path(name) if str(name).endswith(".toml") else PLANS / f"{name}.toml"
    if not path.is_file():
        raise MappingNotFound(str(name), name=str(name))
    try:
        return LoadPlan.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise MappingInvalid(f"{path.name}：{error}") from None


def run_plan(
    database: Database,
    scope: Scope,
    plan: LoadPlan,
    data: Path,
    *,
    sealer: Sealer,
    publish: bool,
    confirmed: bool = False,
    started: Callable[[Step], None] | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Step, ImportReport]]:
    """Import the files one by one, each in a transaction of its own; stops at the first that is refused.

    data: the folder the plan's files are relative to. Run again after an interruption, what is done already is unchanged.
    """
    for step in plan.step:
        if started is not None:
            started(step)
        yield (
            step,
            import_file(
                database,
                scope,
                data / step.file,
                _mapping(step),
                sealer=sealer,
                publish=publish,
                confirmed=confirmed,
                progress=progress,
            ),
        )


def _mapping(step: Step) -> Mapping:
    return load_mapping(Path(step.mapping)) if step.mapping.endswith(".toml") else find_mapping(step.mapping)

"""What rows become: one module per target, all with the same rooms (see ``base``), found by their files."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from importing.errors import MappingInvalid
from importing.mappings.mapping import Mapping
from importing.targets.base import Target


def _declared() -> Iterator[type[Target]]:
    for file in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        module = importlib.import_module(f"{__name__}.{file.stem}")
        for value in vars(module).values():
            is_target = isinstance(value, type) and issubclass(value, Target) and value.__module__ == module.__name__
            if is_target and "name" in vars(value):
                yield value


TARGETS: dict[str, type[Target]] = {target.name: target for target in _declared()}


def make_target(mapping: Mapping) -> Target:
    """The target of a mapping, ready for one import. Raises MappingInvalid when there is none, or the mapping does not fit it."""
    if mapping.target not in TARGETS:
        raise MappingInvalid(
            f"{mapping.name}：没有目标 {mapping.target}；可用：{'、'.join(TARGETS)} / no such target; there are {', '.join(TARGETS)}",
            target=mapping.target,
        )
    target = TARGETS[mapping.target]()
    target.check_mapping(mapping)
    return target

"""A rule, and the rules of a package: one module a rule, found by its file.

Each room has its own kind of rule, with its own way of finding: ``gazetteer/quality/rule.py``, ``alerts/detection/rule.py``.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from database.rules.manual import Manual
from database.rules.parameters import Parameter, parameters_of, values_of
from database.vocabulary import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named rule. defaults: an instance of the dataclass of its parameters, or None."""

    name: str
    manual: Manual
    severity: Severity
    defaults: Any = None

    @property
    def title(self) -> str:
        """The Chinese title."""
        return self.manual.title

    @property
    def description(self) -> str:
        """What it finds, in Chinese."""
        return self.manual.problem

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it can be told, with defaults."""
        return parameters_of(self.defaults)


def name_of(module: str) -> str:
    """The name of the rule of a module (``__name__``)."""
    return module.rpartition(".")[2]


def manual_of(docstring: str | None, defaults: Any = None) -> Manual:
    """The manual in a docstring, with the defaults of its parameters. Raises ManualIncomplete."""
    return Manual.of(docstring, values_of(defaults))


R = TypeVar("R", bound=Rule)


def discover(package: ModuleType, kind: type[R]) -> dict[str, R]:
    """The ``RULE`` of every module of a package, by name. A module without one of this kind raises TypeError."""
    found = {}
    for item in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{package.__name__}.{item.name}")
        rule = getattr(module, "RULE", None)
        if not isinstance(rule, kind) or rule.name != item.name:
            raise TypeError(f"{module.__name__}: RULE is not a {kind.__name__} named {item.name}")
        found[rule.name] = rule
    return found

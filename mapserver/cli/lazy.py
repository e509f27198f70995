"""Commands whose modules are imported when they are asked for: reading a line of text must not wait for the whole house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


def lazy_app(help_text: str, places: Mapping[str, str]) -> typer.Typer:
    """A group of commands. places: name → ``module:attribute`` of a function, or of another group."""

    class LazyGroup(TyperGroup):
        """Imports a command at its first use; a list of them all imports them all."""

        def list_commands(self, ctx: Any) -> list[str]:
            del ctx
            return [*places]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            del ctx
            return _load(cmd_name, places[cmd_name]) if cmd_name in places else None

    app = typer.Typer(
        cls=LazyGroup, help=help_text, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    pass


def _load(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found: typer.Typer | Callable[..., Any] = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name)(found)
    return get_command(single)

"""What is written of an error: where it happened and of what kind, never its words, for they may quote a row.

PostgreSQL says ``Failing row contains (…)`` in the message of a violated constraint; libraries log whole exceptions. So the
messages of exceptions are left out wherever this process writes a line, whoever logs it: the house, the web server, the job queue,
the interpreter itself.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

_MOST_CAUSES = 5
_SHORTEST_WORDS = 4
_installed = False


def trace_of(error: BaseException) -> str:
    """Kinds and places of an error and its causes, the cause first; of a database error also SQLSTATE, table and constraint."""
    return "\n".join(reversed([_places_and_kind(one) for one in _causes(error)]))


def install() -> None:
    """From now on no line of this process's log holds the words of an exception. May be called again."""
    global _installed
    if _installed:
        return
    _installed = True
    make = logging.getLogRecordFactory()

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made = make(*args, **kwargs)
        error = (made.exc_info or (None, None))[1]
        if error is not None:
            made.exc_text, made.exc_info = trace_of(error), None
        if isinstance(made.args, dict):
            made.args = {name: _kind(one) if isinstance(one, BaseException) else one for name, one in made.args.items()}
        if isinstance(made.args, tuple):
            made.args = tuple(_kind(one) if isinstance(one, BaseException) else one for one in made.args)
        if isinstance(made.msg, BaseException):
            made.msg = _kind(made.msg)
        handled = error or sys.exc_info()[1]
        if handled is not None:  # a message may quote the error, as asyncio's does
            made.msg, made.args = _unquoted(made.getMessage(), handled), None
        return made

    logging.setLogRecordFactory(record)
    sys.excepthook = _on_uncaught
    sys.unraisablehook = lambda event: _write(event.exc_value)
    threading.excepthook = lambda event: _write(event.exc_value)


def install_structlog() -> None:
    """The same for structlog, whose own way of showing an exception prints the local variables too. Its lines go to standard
    error: what a command prints is for whoever called it."""
    import structlog  # here: a command that logs nothing shall not wait for it

    install()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _without_words,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )


def _without_words(_logger: Any, _method: str, event: Any) -> Any:
    """A structlog processor."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = trace_of(error)
    return {name: _kind(value) if isinstance(value, BaseException) else value for name, value in event.items()}


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if one is None:
            return
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _places_and_kind(error: BaseException) -> str:
    places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    inner = [_places_and_kind(one) for one in error.exceptions] if isinstance(error, BaseExceptionGroup) else []
    return "\n".join([*inner, *places, _kind(error)])


def _kind(error: BaseException) -> str:
    """``psycopg.errors.CheckViolation 23514 person ck_person_sex``: names of the schema only."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    diagnosis = getattr(getattr(error, "orig", error), "diag", None)
    facts = [getattr(diagnosis, part, None) for part in ("sqlstate", "table_name", "constraint_name")]
    return " ".join([name, *(fact for fact in facts if fact)])


def _unquoted(message: str, error: BaseException) -> str:
    """The message without the words of an error and its causes."""
    for one in _causes(error):
        for words in (repr(one), str(one)):
            if len(words) >= _SHORTEST_WORDS:
                message = message.replace(words, _kind(one))
    return message


def _on_uncaught(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _write(error)


def _write(error: BaseException | None) -> None:
    if error is not None and sys.stderr is not None:
        sys.stderr.write(trace_of(error) + "\n")

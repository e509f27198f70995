"""Errors as RFC 9457 problem documents. An error's status is that of its kind (`database/errors.py`).

Nothing of an unexpected error reaches the client but an identifier that stands in the log.
"""

from __future__ import annotations

import traceback
import uuid
from functools import cache

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from database.errors import Malformed, Missing, NotAllowed, OnemapError, Unidentified, all_errors
from layers.features.errors import OutsideScope
from mapserver.door import body
from mapserver.http.headers import DATA_PATHS
from mapserver.http.methods import READ

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
NOT_PERMITTED = "42501"  # the database's own word for what row-level security refuses
PRIVATE = {"Cache-Control": "private, no-store"}


#: A request may have thousands of faults; the first ones are told.
MOST_ERRORS = 20
DATABASE_RETRY_S = 5
#: Errors with an answer of their own, wherever they arise.
ANSWERED: tuple[type[Exception], ...] = (
    OnemapError,
    OperationalError,
    InterfaceError,
    PoolTimeout,
    ConnectorException,
    psycopg.OperationalError,  # of COPY and of cursors of our own, beneath SQLAlchemy
    psycopg.InterfaceError,
)
#: Transactions that the server ended for doing nothing, or cannot take because it is a standby: not faults of this program.
PASSING = frozenset({"25P03", "25006"})


class NotSignedIn(Unidentified):
    """请先登录 | Sign in first"""


class NotPermitted(NotAllowed):
    """您的角色没有这项权限 | Your role does not permit this"""


class PasswordChangeNeeded(NotAllowed):
    """请先修改密码 | Change your password first"""


class SecondFactorEnrolmentNeeded(NotAllowed):
    """请先设置动态验证码（双因素验证） | Set up your second factor first"""


class CsrfHeaderMissing(NotAllowed):
    """缺少 X-Onemap-Request 请求头 | The X-Onemap-Request header is missing"""


class NotFound(Missing):
    """没有找到，或不在您的数据范围内 | Not found, or outside your scope"""


class MethodMissing(Malformed):
    """这个要素集只能读取 | This collection can only be read"""

    status = 405


class MediaTypeWrong(Malformed):
    """不接受这种内容类型 | This content type is not taken"""

    status = 415


def title_of(code: str) -> str | None:
    """The Chinese title of the error with this code; None when there is none."""
    return _titles().get(code)


@cache
def _titles() -> dict[str, str]:
    return {error.__new__(error).code: error.title_zh for error in all_errors()}


def problem(
    request: Request, status: int, kind: str, title: str, title_en: str, detail: str = "", **extra: object
) -> JSONResponse:
    """A problem document. kind: stable name, the last part of ``type``."""
    document = {
        "type": f"urn:onemap:problem:{kind}",
        "title": title,
        "title_en": title_en,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **extra,
    }
    headers = dict(PRIVATE)
    if status == 401:
        # desktop GIS and browsers sign in to /ogc with Basic (token as password); the web app's own paths never ask
        basic = 'Basic realm="onemap", charset="UTF-8", ' if request.url.path.startswith("/ogc/") else ""
        headers["WWW-Authenticate"] = f'{basic}Bearer realm="onemap"'
    if body.is_unread(request.scope):
        headers["Connection"] = "close"  # what is still on its way is not read
    facts = extra.get("facts")
    if isinstance(facts, dict) and "retry_after_s" in facts:
        headers["Retry-After"] = str(facts["retry_after_s"])
    if isinstance(facts, dict) and "allow" in facts:
        headers["Allow"] = ", ".join(facts["allow"])
    return JSONResponse(jsonable_encoder(document), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def answer_to(request: Request, error: Exception) -> JSONResponse:
    """The problem document for one of the errors in ANSWERED."""
    if isinstance(error, OnemapError):
        return problem(
            request, error.status, error.code, error.title_zh, error.title_en, error.detail, facts=error.facts
        )
    # the database is away, has no connection left, ended a statement that took too long, or waited too long for a lock
    cause = getattr(error, "orig", None) or error
    log.warning(
        "request.database", path=request.url.path, error=type(cause).__name__, sqlstate=getattr(cause, "sqlstate", None)
    )
    return problem(
        request, 503, "database-busy", "数据库繁忙或暂时无法访问，请稍后再试", "The database is busy or away; try again later",
        facts={"retry_after_s": DATABASE_RETRY_S},
    )  # fmt: skip


async def answer_of(request: Request, error: Exception) -> JSONResponse:
    """The same, as an exception handler; what an account was refused is recorded."""
    if isinstance(error, OnemapError):
        await request.app.state.refusals.note(request, error.status, error)
    return answer_to(request, error)


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem document."""

    for kind in ANSWERED:
        app.exception_handler(kind)(answer_of)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # the input itself is left out: it may hold an ID number
        found = error.errors()
        errors = [{"where": [str(part) for part in e["loc"]], "message": e["msg"]} for e in found[:MOST_ERRORS]]
        return problem(request, 422, "invalid-request", "请求内容有误", "The request is not valid", errors=errors)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        status, headers = error.status_code, dict(error.headers or {})
        if status == 405 and (methods := getattr(request.app.state, "methods", None)) is not None:
            path = request.url.path
            allowed = methods.of(path) or ([] if path.startswith(DATA_PATHS) else sorted(READ))
            # the pages of the web app take every address: one of data that nobody has is missing, whatever is done to it
            status = 405 if allowed else 404
            headers = {"Allow": ", ".join(allowed)} if allowed else {}
        titles = {404: ("没有这个地址", "No such address"), 405: ("不支持这种操作", "Method not allowed")}
        title, title_en = titles.get(status, ("请求未能完成", "The request failed"))
        detail = "" if status in titles else str(error.detail)
        answer = problem(request, status, f"http-{status}", title, title_en, detail)
        answer.headers.update(headers)
        return answer

    @app.exception_handler(DataError)
    async def on_unfit(request: Request, error: DataError) -> JSONResponse:
        # a value that no column takes: a number beyond 64 bits, a NUL in a text
        log.warning("request.unfit", path=request.url.path, error=type(error.orig).__name__)
        return problem(
            request, 422, "invalid-value", "内容里有无法保存或查询的值", "A value cannot be stored or searched"
        )

    @app.exception_handler(InternalError)
    async def on_ended_by_the_database(request: Request, error: InternalError) -> JSONResponse:
        if getattr(error.orig, "sqlstate", None) in PASSING:
            return await answer_of(request, error)
        return await on_unexpected(request, error)

    @app.exception_handler(ProgrammingError)
    async def on_refused_by_the_database(request: Request, error: ProgrammingError) -> JSONResponse:
        # row-level security is the last guard of every write; what it stops is no fault of the server
        if getattr(error.orig, "sqlstate", None) != NOT_PERMITTED:
            return await on_unexpected(request, error)
        log.warning("request.outside_scope", path=request.url.path)
        return await answer_of(request, OutsideScope())

    @app.exception_handler(Exception)
    async def on_unexpected(request: Request, error: Exception) -> JSONResponse:
        reference = uuid.uuid4().hex[:12]
        # not the message: a database error quotes the row, and the row may hold personal data
        where = traceback.format_tb(error.__traceback__)[-6:]
        log.error(
            "request.failed",
            reference=reference,
            path=request.url.path,
            error=type(error).__name__,
            where=where,
        )
        return problem(
            request,
            500,
            "internal",
            "系统内部错误",
            "Internal error",
            f"请把编号 {reference} 告诉管理员 / give this reference to the administrator",
        )

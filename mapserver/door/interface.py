"""The interface in OpenAPI: what FastAPI reads off the routes, and beside it, from one place, what may go wrong and how to sign in.

Which problems an operation may answer with follows from what its route asks for (`mapserver/door/route.py`); what only this
route can say stands in its own ``responses``. The tests hold every answer they see against this document.
"""

from __future__ import annotations

from collections.abc import Iterable
from http.client import responses as phrases
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from mapserver.door.account_cache import COOKIE
from mapserver.door.deps import CSRF_HEADER, SAFE_METHODS
from mapserver.door.problems import MEDIA_TYPE
from mapserver.door.route import DoorRoute

Document = dict[str, Any]

PROBLEMS: dict[int, str] = {
    400: "请求有误：参数、条件或主机名 / a parameter, a filter or the host is wrong",
    401: "请先登录 / sign in first",
    403: "没有权限，或超出数据范围 / not permitted, or outside the scope",
    404: "没有找到，或不在数据范围内 / not found, or outside the scope",
    405: "只能读取 / this can only be read",
    408: "请求内容太慢 / the body came too slowly",
    409: "与现在的状态冲突 / in conflict with the present state",
    412: "已被他人修改 / changed by somebody else since it was read",
    413: "请求内容太大 / the body is too large",
    414: "地址太长 / the address is too long",
    415: "不接受这种内容类型 / this content type is not taken",
    422: "请求内容有误 / the content is not valid",
    428: "缺少前提：If-Match，或查看的用途 / a precondition is missing: If-Match, or the purpose of a look",
    429: "请求太多，请稍后再试 / too many requests; try again later",
    431: "请求头太大 / the headers are too large",
    500: "系统内部错误 / internal error",
    503: "系统繁忙，请稍后再试 / busy; try again later",
}
#: At the entrance, before anybody knows what is asked for; and when the server is busy or broken.
_ANYWHERE = (400, 414, 429, 431, 500, 503)
_HEADERS: dict[int, tuple[str, str]] = {
    401: ("WWW-Authenticate", "how to sign in"),
    405: ("Allow", "the methods there are"),
    429: ("Retry-After", "seconds"),
    503: ("Retry-After", "seconds"),
}
PROBLEM_SCHEMA: Document = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457: what is wrong, where, and how to mend it.",
    "required": ["type", "title", "title_en", "status"],
    "properties": {
        "type": {"type": "string", "description": "a stable name", "example": "urn:onemap:problem:not-found"},
        "title": {"type": "string", "description": "Chinese"},
        "title_en": {"type": "string", "description": "English"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "this time"},
        "instance": {"type": "string", "description": "the path that was asked for"},
        "facts": {"type": "object", "description": "named values for programs"},
        "errors": {
            "type": "array",
            "items": {"type": "object"},
            "description": "of a body or a query: where, and what",
        },
    },
}
SECURITY_SCHEMES: Document = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"after POST /api/session; whatever is no GET also needs the header {CSRF_HEADER}",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "a personal access token"},
    "basic": {"type": "http", "scheme": "basic", "description": "user name, and a token as the password"},
}
SIGNED_IN: list[Document] = [{"session": []}, {"token": []}, {"basic": []}]


def problems_of(route: DoorRoute, method: str) -> list[int]:
    """The statuses from 400 on that an operation may answer with, in order."""
    plan, statuses = route.plan, set(_ANYWHERE)
    changes = method not in SAFE_METHODS
    takes_body = route.body_field is not None or "requestBody" in (route.openapi_extra or {})
    if plan.private:
        statuses |= {401, 403}
    if plan.in_county or "{" in route.path:
        statuses.add(404)
    if takes_body:
        statuses |= {408, 413}
    if changes and plan.private:
        statuses.add(409)
    if takes_body or plan.in_county or route.asks_for_something:
        statuses.add(422)
    return sorted(
        statuses | {int(status) for status in route.responses if str(status).isdecimal() and int(status) >= 400}
    )


def problem_responses() -> Document:
    """The components: one response for each status, by its number."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {}
    for status, words in PROBLEMS.items():
        responses[f"Problem{status}"] = {"description": words, "content": content}
        if status in _HEADERS:
            name, meaning = _HEADERS[status]
            responses[f"Problem{status}"]["headers"] = {name: {"description": meaning, "schema": {"type": "string"}}}
    return responses


def problem_references(statuses: Iterable[int]) -> Document:
    """Status → reference to the component."""
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


#: What every description of a part of the interface needs for its problems and its security.
COMPONENTS: Document = {
    "securitySchemes": SECURITY_SCHEMES,
    "responses": problem_responses(),
    "schemas": {"Problem": PROBLEM_SCHEMA},
}


class OgcProblems:
    """Method and path below ``/ogc/{county}`` → the problems of that operation, as references."""

    def __init__(self, routes: Iterable[Any]) -> None:
        self._operations = {
            (method, route.path.removeprefix("/ogc/{county}")): problem_references(problems_of(route, method))
            for route in routes
            if isinstance(route, DoorRoute) and route.path.startswith("/ogc/{county}")
            for method in route.methods or ()
        }

    def __call__(self, method: str, path: str) -> Document:
        return dict(self._operations[method, path])


def open_api(app: FastAPI, routes: Iterable[Any]) -> Document:
    """The OpenAPI document of the application. routes: those of its routers."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    document["servers"] = [{"url": "/", "description": "this server"}]
    document["security"] = SIGNED_IN
    components = document.setdefault("components", {})
    components["securitySchemes"] = SECURITY_SCHEMES
    components["responses"] = problem_responses()
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    for route in routes:
        if isinstance(route, DoorRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route, method)
    return document


def _complete(operation: Document, route: DoorRoute, method: str) -> None:
    """An operation with its problems and its security."""
    responses = operation["responses"]
    declared = {status: answer for status, answer in responses.items() if status.isdecimal() and int(status) >= 400}
    for status, reference in problem_references(problems_of(route, method)).items():
        declaration = declared.get(status, {})
        if status == "422" or (
            set(declaration) <= {"description"} and declaration.get("description") in (None, phrases.get(int(status)))
        ):
            responses[status] = reference
        else:  # the route says more than the status does
            common = problem_responses()[f"Problem{status}"]
            responses[status] = {
                **common,
                **declaration,
                "content": {**common["content"], **declaration.get("content", {})},
            }
    if not route.plan.private:
        operation["security"] = []

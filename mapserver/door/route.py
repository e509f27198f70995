"""The route of this application: who asks comes first, then the body, then a slot; connection and work in one thread.

An endpoint that is an ordinary function runs in one worker thread. Its parameter annotated ``CountyConnection`` is not a
dependency of FastAPI's any more: the transaction begins and commits in that thread, before the answer is sent.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Annotated, Any, TypeVar, get_args, get_origin

from fastapi import Request, Response, UploadFile
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as DependsParam
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute

from access.accounts.accounts import Account
from database.upgrade.counties import CountyNotFound
from mapserver.door.body import BODY, Body, has_body
from mapserver.door.deps import (
    SAFE_METHODS,
    CountyAccount,
    door_of,
    get_account,
    get_any_account,
    get_connection,
    get_county_account,
    refuse_unless,
)
from mapserver.door.door import Door
from mapserver.door.gate import Gate
from mapserver.http.methods import is_head
from mapserver.server.context import Context

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

#: Set in the ASGI scope of a request that holds a slot.
ADMITTED = "onemap.admitted"
#: What the route of the request asks for stands there.
PLAN = "onemap.plan"
#: Parts of a form beside its file.
FORM_BYTES = 65_536
#: A body without an account: a name, a password, a code.
PUBLIC_BYTES = 16_384


def long_work(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that works for minutes on behalf of one asker: an export. Uploads are such work anyway."""
    endpoint.__dict__["onemap_long"] = True
    return endpoint


@dataclass(frozen=True)
class Plan:
    """What a route asks of a request before anything is received, read off its own parameters."""

    private: bool
    while_due: bool
    in_county: bool
    permissions: tuple[str, ...]
    upload: bool
    long: bool
    one_hop: bool
    most_bytes: int | None

    async def account(self, request: Request) -> Account:
        """Who asks, as the route wants to know it. Raises NotSignedIn and, unless the route works while something is due, that."""
        return await (get_any_account(request) if self.while_due else get_account(request))

    def gate(self, door: Door) -> Gate:
        """Where its work is admitted."""
        if not self.private:
            return door.public
        return door.long if self.long else door.work

    def limit(self, door: Door) -> int:
        """Largest body, in bytes."""
        settings = door.context.settings
        if not self.private:
            return PUBLIC_BYTES
        if self.upload:
            return settings.max_upload_mb * 2**20 + FORM_BYTES
        return self.most_bytes or settings.body_kb * 1024

    def check(self, account: Account, county: str | None) -> None:
        """Raises CountyNotFound, NotPermitted: what the route's dependencies would, before the body is received."""
        if self.in_county and account.county != county:
            raise CountyNotFound
        for permission in self.permissions:
            refuse_unless(account, permission)


class DoorRoute(APIRoute):
    """``APIRouter(route_class=DoorRoute)``. ``max_body_size``: where the common limit is too small."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        self._most_bytes: int | None = settings.pop("max_body_size", None)
        self._original = endpoint
        super().__init__(path, in_one_hop(endpoint), **settings)

    def get_route_handler(self) -> Handler:
        """The handler of a request, behind the door."""
        answer = super().get_route_handler()
        plan = self.plan

        async def handler(request: Request) -> Response:
            door = door_of(request)
            request.scope[PLAN] = plan
            await door.identify(request)
            if not has_body(request.scope):
                response = await _admitted(request, door, plan, answer)
            else:
                response = await _with_body(request, door, plan, answer)
            if request.method not in SAFE_METHODS and response.status_code < 400:
                door.accounts.forget()
            return _headers_of(response) if is_head(request) else response

        return handler

    @cached_property
    def plan(self) -> Plan:
        """What it asks of a request, for the door and for the description of the interface."""
        calls = list(_calls(self.dependant))
        upload = _takes_file(self._original)
        return Plan(
            private=get_account in calls or get_any_account in calls,
            while_due=get_account not in calls,
            in_county=get_county_account in calls,
            permissions=tuple(call.permission for call in calls if hasattr(call, "permission")),
            upload=upload,
            long=upload or getattr(self._original, "onemap_long", False),
            one_hop=_is_plain(self._original),
            most_bytes=self._most_bytes,
        )

    @property
    def asks_for_something(self) -> bool:
        """Whether a request can be written wrongly: a parameter in the path, the query, the headers."""
        return any(
            one.path_params or one.query_params or one.header_params
            for one in (self.dependant, *_parts(self.dependant))
        )


async def _admitted(request: Request, door: Door, plan: Plan, answer: Handler) -> Response:
    """Without a body the slot is taken before anything else is done: a refusal costs next to nothing."""
    if not plan.one_hop:
        return await answer(request)
    if plan.private:
        await plan.account(request)
    async with plan.gate(door).slot():
        request.scope[ADMITTED] = True
        return await answer(request)


async def _with_body(request: Request, door: Door, plan: Plan, answer: Handler) -> Response:
    """With a body: first who it is from and whether they may, then the body; the slot only when all of it is here."""
    if plan.private:
        plan.check(await plan.account(request), request.path_params.get("county"))
    body = Body(request.receive, request.scope, most=plan.limit(door), wait_s=door.context.settings.body_seconds)
    request.scope[BODY] = body
    try:
        return await answer(Request(request.scope, body.receive, request._send))
    except HTTPException:
        if body.refusal is not None:  # FastAPI says of every error while it reads that the body cannot be read
            raise body.refusal from None
        raise


def _headers_of(response: Response) -> Response:
    """The answer to a HEAD: a stream is not begun."""
    if not isinstance(response, StreamingResponse):
        return response
    empty = Response(status_code=response.status_code, background=response.background)
    empty.raw_headers = list(response.raw_headers)
    return empty


def in_one_hop(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint as a coroutine that runs it, with its connection, in one worker thread of its gate."""
    if not _is_plain(endpoint):
        return endpoint
    signature = inspect.signature(endpoint, eval_str=True)
    name = next((p.name for p in signature.parameters.values() if _is_connection(p.annotation)), None)
    request_name = next((p.name for p in signature.parameters.values() if p.annotation is Request), None)

    @wraps(endpoint)
    async def hop(*, door_account: Account | None = None, **values: Any) -> Any:
        request: Request = values[request_name] if request_name is not None else values.pop("door_request")
        door, plan = door_of(request), request.scope[PLAN]
        database = door.context.database.of(door.jobs) if plan.long else door.context.database
        if plan.long:
            values = {
                key: replace(value, database=database) if isinstance(value, Context) else value
                for key, value in values.items()
            }

        def work() -> Any:
            if name is None or door_account is None:
                return endpoint(**values)
            with database.transaction(door_account.scope) as connection:
                return endpoint(**values, **{name: connection})

        gate = plan.gate(door)
        return await (gate.run_inside(work) if ADMITTED in request.scope else gate.run(work))

    del hop.__wrapped__  # FastAPI would look at the function behind
    hop.__signature__ = _signature(signature, name, request_name)  # type: ignore[attr-defined]
    return hop


def _signature(signature: inspect.Signature, connection: str | None, request: str | None) -> inspect.Signature:
    """What FastAPI sees: the endpoint's parameters without the connection, with what the hop needs. FastAPI fills in one Request."""
    parameters = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in signature.parameters.values() if p.name != connection
    ]
    added = []
    if request is None:
        added.append(inspect.Parameter("door_request", inspect.Parameter.KEYWORD_ONLY, annotation=Request))
    if connection is not None:
        added.append(inspect.Parameter("door_account", inspect.Parameter.KEYWORD_ONLY, annotation=CountyAccount))
    return signature.replace(parameters=[*added, *parameters])


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Raises TypeError for a route without the door: its router lacks ``route_class=DoorRoute``."""
    for route in routes:
        if isinstance(route, APIRoute) and not isinstance(route, DoorRoute):
            raise TypeError(f"{route.path}: APIRouter(…, route_class=DoorRoute) is missing")


def _parts(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _parts(one)


def _calls(dependant: Dependant) -> Iterator[Any]:
    return (one.call for one in _parts(dependant))


def _is_plain(endpoint: Callable[..., Any]) -> bool:
    return not inspect.iscoroutinefunction(endpoint) and not inspect.isgeneratorfunction(endpoint)


def _is_connection(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated and any(
        isinstance(part, DependsParam) and part.dependency is get_connection for part in get_args(annotation)
    )


def _takes_file(endpoint: Callable[..., Any]) -> bool:
    parameters = inspect.signature(endpoint, eval_str=True).parameters.values()
    return any(UploadFile in (p.annotation, *get_args(p.annotation)) for p in parameters)

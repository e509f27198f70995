"""Links, formats and headers of the OGC API answers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from database.rights.scope import Role
from layers.features.collections import COLLECTIONS, Collection, get_collection
from layers.features.errors import ParameterInvalid, UnknownParameter
from layers.style.tokens import css
from mapserver.door.problems import NotPermitted
from mapserver.http.headers import style_hash
from mapserver.http.negotiation import best_media, header

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
SCHEMA, OPEN_API = "application/schema+json", "application/vnd.oai.openapi+json;version=3.0"
#: What a client may call the JSON of an answer; all are taken as well.
_JSON_KINDS = (JSON, GEOJSON, SCHEMA, "application/vnd.oai.openapi+json")
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
#: For everything below /ogc: about people or not, a shared cache keeps nothing.
PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Cookie, Authorization, Accept"}
NEEDED = {"personal": permissions.HOUSEHOLD_VIEW, "internal": permissions.MAP_VIEW, "public": permissions.MAP_VIEW}


def visible_collections(role: Role) -> list[Collection]:
    """The collections whose layer the role may see."""
    return [c for c in COLLECTIONS.values() if NEEDED[c.sensitivity] in permissions.permissions_of(role)]


def collection_for(account: Account, name: str) -> Collection:
    """A collection the account may see. Raises UnknownCollection, NotPermitted."""
    collection = get_collection(name)
    if collection not in visible_collections(account.role):
        raise NotPermitted(f"{collection.title} / {name}")
    return collection


def editor_permission(collection: Collection) -> str | None:
    """The permission that editing needs; None for what is only read here."""
    return {"addresses": permissions.ADDRESSES_EDIT, "cells": permissions.CELLS_EDIT}.get(collection.name)


def may_edit(account: Account, collection: Collection) -> bool:
    """True when the account may change features of the collection."""
    return editor_permission(collection) in permissions.permissions_of(account.role)


def root_url(request: Request, account: Account) -> str:
    """``https://host/ogc/330521``, without a slash at the end."""
    return f"{str(request.base_url).rstrip('/')}/ogc/{account.county}"


def link(href: str, rel: str, media: str, title: str = "", **more: Any) -> dict[str, Any]:
    """One link of an answer."""
    return {"href": href, "rel": rel, "type": media, **({"title": title} if title else {}), **more}


def both_formats(request: Request, media: str = JSON) -> list[dict[str, Any]]:
    """Links to this answer, as it is and as HTML."""
    here = str(request.url.replace(query=""))
    parameters = [(name, value) for name, value in request.query_params.multi_items() if name != "f"]

    def url(form: str) -> str:
        return f"{here}?{urlencode([*parameters, ('f', form)])}"

    return [link(url("json"), "self", media), link(url("html"), "alternate", HTML, "HTML")]


def wants_html(request: Request) -> bool:
    """``f=html``, or a client that would rather have HTML, as browsers do. Raises ParameterInvalid for another format."""
    format_name = request.query_params.get("f")
    if format_name not in (None, "json", "html"):
        raise ParameterInvalid(f"f={format_name[:20]}：json, html", parameter="f")
    if format_name is not None:
        return format_name == "html"
    accept = header(request, "Accept")
    return best_media(accept, (*_JSON_KINDS, HTML)) == HTML


def only_parameters(request: Request, *allowed: str) -> None:
    """Raises UnknownParameter for a query parameter that the operation does not have."""
    for name in request.query_params:
        if name not in (*allowed, "f"):
            raise UnknownParameter(name, parameter=name)


def no_page(request: Request) -> None:
    """Raises ParameterInvalid for ``f=html`` where there is no page."""
    format_name = request.query_params.get("f", "json")
    if format_name != "json":
        raise ParameterInvalid(f"f={format_name[:20]}：json", parameter="f")


def answer(body: Any, media: str = JSON, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """A JSON answer that no shared cache keeps."""
    packed = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return Response(packed, status, {**PRIVATE, **(headers or {})}, media_type=media)


_STYLE = (
    css(("ink", "surface", "link", "line", "quiet-soft"))
    + """
body{font:16px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:0 auto;max-width:75rem;padding:1rem;color:var(--ink);background:var(--surface)}
h1{font-size:1.4rem;margin:.5rem 0}a{color:var(--link)}nav{border-bottom:1px solid var(--line);padding-bottom:.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;word-break:break-word}
th{background:var(--quiet-soft)}.scroll{overflow-x:auto}.next{display:inline-block;margin:1rem 1rem 1rem 0}
"""
)
_PAGE_POLICY = (
    f"default-src 'none'; style-src {style_hash(_STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class GeoJson(JSONResponse):
    """For the description of the interface only; answers are made by :func:`answer`."""

    media_type = GEOJSON


class JsonSchema(JSONResponse):
    """As :class:`GeoJson`, of a JSON Schema."""

    media_type = SCHEMA


#: Of an operation that also has a page.
PAGE_TOO: dict[int | str, dict[str, Any]] = {200: {"content": {HTML: {"schema": {"type": "string"}}}}}


def page(title: str, trail: Sequence[tuple[str, str]], content: str) -> Response:
    """An HTML page without any remote asset. trail: (text, URL) from the landing page down. content: HTML, already escaped."""
    crumbs = " › ".join(anchor(href, words) for words, href in trail)
    body = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><nav>{crumbs}</nav><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
    return Response(body, headers={**PRIVATE, "Content-Security-Policy": _PAGE_POLICY}, media_type=HTML)


def anchor(href: str, words: str) -> str:
    """An escaped link."""
    return f'<a href="{escape(href)}">{escape(words)}</a>'


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An escaped table; a cell that is a pair (text, URL) becomes a link."""

    def cell(value: Any) -> str:
        if isinstance(value, tuple):
            return anchor(value[1], str(value[0]))
        return escape("" if value is None else str(value))

    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'

"""The small page behind a QR code: Chinese, for a phone, without a script and without anything from elsewhere."""

from __future__ import annotations

import re
from html import escape

from layers.style.tokens import DARK_TOKENS, css
from mapserver.http.headers import style_hash
from mapserver.schemas.public_codes import ScannedOut

_USED = ("ink", "ink-2", "ground", "surface", "brand", "brand-ink", "link")
_STYLE = (
    f"{css(_USED)}@media(prefers-color-scheme:dark){{{css(DARK_TOKENS, tokens=DARK_TOKENS)}}}"
    + """
:root{color-scheme:light dark}
body{margin:0;font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;background:var(--ground);color:var(--ink)}
main{max-width:34rem;margin:0 auto;padding:1rem}
header{background:var(--brand);color:var(--brand-ink);border-radius:12px;padding:1rem 1.25rem}
header p{margin:0;font-size:.9rem;opacity:.85}
h1{margin:.25rem 0 0;font-size:1.35rem;overflow-wrap:anywhere}
section{background:var(--surface);border-radius:12px;padding:.75rem 1.25rem;margin-top:.75rem}
h2{font-size:1rem;margin:.25rem 0}
dl{display:grid;grid-template-columns:6.5em 1fr;gap:.25rem .5rem;margin:0}
dt{color:var(--ink-2)}dd{margin:0;overflow-wrap:anywhere}
a{color:var(--link)}
a.row{display:block;min-height:44px;padding:.6rem 0;box-sizing:border-box}
footer{color:var(--ink-2);font-size:.85rem;padding:1rem .25rem}
""".rstrip()
)

#: Nothing runs, nothing is loaded, nobody frames it; the one style is known by its hash. The token stays out of referrers.
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {style_hash(_STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept, Cookie, Authorization",
}


def scanned_page(scanned: ScannedOut) -> str:
    """The page of a valid code."""
    facts = [
        ("标准地址", scanned.address),
        ("地址编码", scanned.code),
        ("类别", scanned.place_kind),
        ("乡镇街道", scanned.town),
        ("村、社区", scanned.village),
    ]
    service = [
        ("名称", scanned.service_name),
        ("电话", scanned.service_phone),
        ("地点", scanned.service_address),
        ("时间", scanned.service_hours),
    ]
    parts = [
        f"<header><p>{'门牌' if scanned.kind == 'plate' else '场所'}</p><h1>{escape(scanned.title)}</h1></header>",
        f"<section>{_list(facts)}</section>",
    ]
    if scanned.service_name:
        parts.append(f"<section><h2>便民服务点</h2>{_list(service)}</section>")
    if scanned.households is not None:
        parts.append(f"<section><h2>住户（仅您可见）</h2>{_households(scanned)}</section>")
    footer = "" if scanned.households is not None else '<a href="/signin">工作人员登录</a>后再次扫码可查看网格信息。'
    parts.append(f"<footer>本页只显示公开的地址信息。{footer}</footer>")
    return _page(scanned.title, "".join(parts))


def unknown_page() -> str:
    """The one page for every code that is not valid: it says no more than that."""
    return _page(
        "没有信息",
        "<header><p>二维码</p><h1>没有这个二维码对应的信息</h1></header>"
        "<section>请核对门牌或场所上的二维码；如有疑问，请联系所在村、社区。</section>",
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _list(facts: list[tuple[str, str | None]]) -> str:
    rows = (
        f"<dt>{label}</dt><dd>{_phone(value) if label == '电话' else escape(value)}</dd>"
        for label, value in facts
        if value
    )
    return f"<dl>{''.join(rows)}</dl>"


def _phone(phone: str) -> str:
    """A telephone number to tap, where it is one."""
    digits = re.sub(r"[^0-9+]", "", phone)
    return f'<a href="tel:{digits}">{escape(phone)}</a>' if len(digits) >= 3 else escape(phone)


def _households(scanned: ScannedOut) -> str:
    if not scanned.households:
        return "<p>这个地址没有登记住户。</p>"
    return "".join(
        f'<a class="row" href="/visits/households/{h.id}">{escape(h.head_name or h.household_no)} 户 · {h.members_n} 人</a>'
        for h in scanned.households
    )

"""Uploads: hostile names, hostile contents, forms that are none."""

from __future__ import annotations

import json
import random
import time

from benchmarks.attack import hostile
from benchmarks.attack.judge import TRUSTED
from benchmarks.attack.openapi import Operation
from benchmarks.attack.targeted.paths import SECRETS
from benchmarks.attack.targeted.ring import Ring

NAME = "uploads"
#: How long the background may take over one file.
WAIT_S = 60.0
ODD_ENCODINGS = (
    "utf-8\x00",
    "../../x",
    "idna",
    "punycode",
    "unicode_escape",
    "rot13",
    "hex",
    "zlib_codec",
    "mbcs",
    "",
    "utf-7",
    "x" * 500,
)
BROKEN = (
    (b"", "multipart/form-data"), (b"--x--", "multipart/form-data; boundary=x"), (b"--x\r\n\r\n", "multipart/form-data; boundary="),
    (b"x" * 1000, "multipart/form-data; boundary=" + "b" * 300), (b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 9000, "multipart/form-data; boundary=x"),
    (b"{}", "application/json"), (b"file=1", "application/x-www-form-urlencoded"), (b"\r\n".join([b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1"] * 2000), "multipart/form-data; boundary=x"),
)  # fmt: skip
READERS_OF_FILES = (
    ("x.json", b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}'),
    ("x.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='passwd'><SrcDataSource>CSV:/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"),
    ("x.json", b"<OGRVRTDataSource><OGRVRTLayer name='p'><SrcDataSource relativeToVRT='0'>/vsicurl/http://127.0.0.1:1/x</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"),
    ("x.csv", b"a\n/etc/passwd\n"), ("x.gpkg", b"SQLite format 3\x00" + b"\x10\x00\x01\x01" + b"\x00" * 96), ("x.zip", b"PK\x05\x06" + b"\x00" * 18),
)  # fmt: skip


def run(ring: Ring) -> None:
    """Every operation that takes a form, by the scratch county's data staff and by a stranger."""
    for operation in ring.operations(writes=True):
        media = next((m for m in operation.bodies if m.startswith("multipart/")), None)
        if media is None:
            continue
        for name in ring.some(hostile.FILE_NAMES):
            _upload(ring, operation, name, "地址,住所\n云溪路1号,云溪路1号\n".encode())
        for content in ring.some(hostile.FILES):
            for ending in ring.some(("csv", "xlsx", "zip", "json", "gpkg", "geojson", "shp")):
                _upload(ring, operation, f"x.{ending}", content)
        for name, content in READERS_OF_FILES:
            _upload(ring, operation, name, content)
        for encoding in ring.some(ODD_ENCODINGS):
            _upload(ring, operation, "x.csv", "地址\n云溪路1号\n".encode("gb18030"), encoding=encoding)
        for body, kind in ring.some(BROKEN):
            for asker in (ring.asker("s_gis_staff"), ring.asker("stranger")):
                path = operation.path.replace("{county}", asker.county)
                ring.send(
                    NAME,
                    asker,
                    operation.method,
                    path,
                    headers=[("Content-Type", kind), ("X-Onemap-Request", "1")],
                    body=body,
                    of=operation.path,
                )


def _upload(ring: Ring, operation: Operation, name: str, content: bytes, encoding: str = "utf-8") -> None:
    """One file in the form's file field, with plausible other fields."""
    asker = ring.asker("s_gis_staff")
    schema = next(iter(operation.bodies.values()))
    rng = random.Random(name)
    mappings = ring.generator.learned["mapping"] or ["demo_population"]
    fields = {"mapping": str(rng.choice(mappings)), "column": "地址", "encoding": encoding, "publish": "false"}
    parts = [
        f'--b0\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
        if key in schema.get("properties", {})
    ]
    file = next(
        (k for k, v in schema["properties"].items() if v.get("format") == "binary" or "contentMediaType" in v), "file"
    )
    label = name.encode("utf-8", "replace").replace(b'"', b"%22")
    head = b'--b0\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: text/csv\r\n\r\n' % (
        file.encode(),
        label,
    )
    body = b"".join(parts) + head + content + b"\r\n--b0--\r\n"
    headers = [("Content-Type", "multipart/form-data; boundary=b0"), ("X-Onemap-Request", "1")]
    path = operation.path.replace("{county}", asker.county)
    answer = ring.send(NAME, asker, operation.method, path, headers=headers, body=body, of=operation.path)
    if any(secret.encode() in answer.body for secret in SECRETS):
        ring.found(TRUSTED, "a file of the server stands in the answer")
    if answer.status == 202 and "/imports" in operation.path:
        batch = json.loads(answer.body)["id"]
        one = operation.path + "/{batch_id}"
        end = time.monotonic() + WAIT_S
        while True:  # the file is looked at in the background
            report = ring.send(NAME, asker, "GET", f"{path}/{batch}", of=one)
            if report.status != 200 or json.loads(report.body)["state"] not in ("waiting", "staged"):
                break
            if time.monotonic() > end:
                ring.found(TRUSTED, "an import does not end")
                break
            time.sleep(0.2)
        if any(secret.encode() in report.body for secret in SECRETS):
            ring.found(TRUSTED, "a file of the server stands in the report")
        rejects = ring.send(NAME, asker, "GET", f"{path}/{batch}/rejects.xlsx", of=one + "/rejects.xlsx")
        if any(secret.encode() in rejects.body for secret in SECRETS):
            ring.found(TRUSTED, "a file of the server stands in the workbook")

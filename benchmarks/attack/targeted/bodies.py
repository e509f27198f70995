"""Bodies for every operation that takes one: too deep, too large, broken, of the wrong type, spoilt in one field; also by strangers."""

from __future__ import annotations

import json
import random

from benchmarks.attack import hostile
from benchmarks.attack.judge import CROSSED
from benchmarks.attack.targeted.ring import Ring

NAME = "bodies"
_EACH = 12


def run(ring: Ring) -> None:
    """The scratch county's administrator and data staff, who pass the permissions, and a stranger, who must not."""
    people = [ring.asker(name) for name in ("s_county_admin", "s_gis_staff", "stranger")]
    for operation in ring.operations(writes=True):
        if not any("json" in media for media in operation.bodies):
            continue
        for asker in people:
            for turn in range(max(1, round(_EACH * ring.thorough))):
                rng = random.Random(f"{ring.generator.seed}:{operation.name}:{asker.name}:{turn}")
                request = ring.generator.build(rng, operation, asker)
                request.operation = f"[{NAME}] {operation.name}"
                request.body = hostile.body_of(rng, json.loads(request.body or b"{}"))
                answer = ring.forward(request, asker, operation.path)
                if not asker.prefixes and answer.status < 300:
                    ring.found(CROSSED, "a stranger's body was taken")

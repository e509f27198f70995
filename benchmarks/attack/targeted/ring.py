"""What every targeted attack needs: the askers by name, sending with judging, and adding a finding of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from benchmarks.attack.client import Answer, Client, Request
from benchmarks.attack.generate import Generator
from benchmarks.attack.judge import Finding, Judge
from benchmarks.attack.openapi import Operation
from benchmarks.attack.world import Asker, World

NARROW = ("worker", "village", "town_b", "gis_town", "auditor_town")


@dataclass
class Ring:
    """One attack's tools. thorough: 1 does everything, 0.1 a tenth of the repeated parts."""

    world: World
    client: Client
    judge: Judge
    generator: Generator
    rng: random.Random
    thorough: float = 1.0

    def asker(self, name: str) -> Asker:
        """An account by its name, h_… of the first county, s_… of the scratch county; the one with a cookie."""
        return next(a for a in self.world.askers if a.name == name and (a.by_cookie or name == "stranger"))

    def some(self, things: Any) -> list[Any]:
        """All of them, or the share that a short run takes; at least one."""
        listed = list(things)
        return self.rng.sample(listed, max(1, round(len(listed) * self.thorough))) if listed else []

    def operations(self, *, writes: bool | None = None) -> list[Operation]:
        """The operations of the interface; writes: only those that may, or may not, change something."""
        return [o for o in self.generator.operations if writes is None or o.writes == writes]

    def send(
        self,
        attack: str,
        asker: Asker,
        method: str,
        path: str,
        *,
        headers: Any = (),
        body: bytes = b"",
        of: str | None = None,
    ) -> Answer:
        """Send, judge and count under the attack's name. of: the path of the OpenAPI."""
        request = Request(
            f"[{attack}] {of or ''}".strip(),
            method,
            path,
            [*asker.headers, *headers],
            body,
            f"{asker.name} ({asker.role})",
        )
        return self.forward(request, asker, of or path)

    def forward(self, request: Request, asker: Asker, of: str) -> Answer:
        """Send a request as it is, judge and count it."""
        answer = self.client.send(request)
        self.judge.look(request, answer, asker, of)
        self.last = request
        return answer

    def found(self, kind: str, what: str) -> None:
        """Something wrong with the last request that only this attack can tell."""
        with self.judge.tally.lock:
            self.judge.tally.findings.append(Finding(kind, self.last.operation, what, self.last))

    def build(self, operation: Operation, asker: Asker, attack: str) -> Request:
        """A plausible request for an operation, under the attack's name."""
        request = self.generator.build(random.Random(f"{operation.name}:{asker.name}"), operation, asker)
        request.operation = f"[{attack}] {operation.name}"
        return request

"""What is wrong with an answer: a foreign value, a server error, a door that should have been shut, a body that cannot be read."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import unquote

from benchmarks.attack.client import Answer, Request
from benchmarks.attack.extract import Content, read_answer
from benchmarks.attack.hostile import FILLER
from benchmarks.attack.oracle import runs_of
from benchmarks.attack.world import SCRATCH, Asker, World

FOREIGN, BARE, CROSSED, TRUSTED = "foreign", "bare number", "crossed", "trusted"
BROKEN, DISTINGUISHABLE, UNREADABLE, SLOW = "5xx", "told apart", "unreadable", "slow"
#: What each kind of finding means, in the order of the report.
KINDS = {
    FOREIGN: "rows outside the asker's scope",
    BARE: "whole ID numbers or phones where nothing was revealed",
    CROSSED: "doors that should have been shut",
    TRUSTED: "headers or paths believed that anybody can write",
    BROKEN: "server errors and broken connections",
    DISTINGUISHABLE: "foreign and absent records told apart",
    UNREADABLE: "answers that their type does not describe",
    SLOW: "answers that took longer than the bar",
}
#: Operations that ask for the account's own password or a fresh code, which the attack does not have: refusals are all it can get.
OWN_SECRETS = ("/api/session/second-factor", "/api/session/password", "/api/session/tokens", "/api/session/sessions/")
SLOW_S = 8.0
_SUSPECTS = 2_000
#: A larger body is not compared with what comes back.
_ECHO = 100_000
#: Answers that may hold whole numbers: what was asked to be revealed, and rows as a department sent them.
REVEALING = ("/reveal", "/rejects.xlsx")


@dataclass(frozen=True)
class Finding:
    """One thing wrong. what: in words, with the values. number: of the request in its seed; -1 for a targeted one."""

    kind: str
    operation: str
    what: str
    request: Request
    number: int = -1


@dataclass
class Tally:
    """What was examined.

    answers: operation → status class → n; kinds: how answers were read → n."""

    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    words: int = 0
    ids: int = 0
    refused_for_now: int = 0
    gaps: list[tuple[float, float, str]] = field(default_factory=list)
    sight: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of_kind(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def never_answered(self) -> list[str]:
        """The operations to which nobody ever got a 2xx; targeted attacks and OWN_SECRETS left out."""
        operations = ((name, counts) for name, counts in self.answers.items() if not name.startswith("["))
        return sorted(
            n for n, counts in operations if not counts["2xx"] and not n.partition(" ")[2].startswith(OWN_SECRETS)
        )


class Judge:
    """Compares answers with the owner's view and counts."""

    def __init__(self, world: World) -> None:
        self.world, self.tally = world, Tally()
        self._sent_words: dict[str, set[str]] = defaultdict(set)
        self._suspects: list[tuple[Request, Answer, Asker, str, int]] = []

    def look(self, request: Request, answer: Answer, asker: Asker, path: str, number: int = -1) -> list[Finding]:
        """Judge and count one answer. path: of the OpenAPI."""
        if answer.status < 300 and 0 < len(request.body) < _ECHO:
            self.world.oracle.written |= runs_of(request.body.decode(errors="replace"))
        found, content = self._findings(request, answer, asker, path, number)
        if f"/{SCRATCH}/" in request.path and any(f.kind == FOREIGN for f in found):
            # the scratch county changes under the attack: judged again by what it is afterwards, see settle
            found = [f for f in found if f.kind != FOREIGN]
            if len(self._suspects) < _SUSPECTS:
                self._suspects.append((request, answer, asker, path, number))
        with self.tally.lock:
            tally = self.tally
            tally.requests += 1
            tally.refused_for_now += answer.is_refusal_for_now
            tally.answers[request.operation][f"{answer.status // 100}xx"] += 1
            tally.kinds[content.kind] += 1
            tally.words += len(content.words)
            tally.ids += len(content.ids)
            tally.findings += found
        return found

    def settle(self) -> None:
        """Read the scratch county again, and judge again what seemed foreign there: it is, when it was before and is now."""
        suspects, self._suspects = self._suspects, []
        self.world.reread()
        for suspect in suspects:
            found, _ = self._findings(*suspect)
            with self.tally.lock:
                self.tally.findings += [f for f in found if f.kind == FOREIGN]

    def count(self, request: Request, answer: Answer) -> None:
        """Count an answer without comparing it: of honest use, before the owner's view is read."""
        with self.tally.lock:
            self.tally.requests += 1
            self.tally.answers[request.operation][f"{answer.status // 100}xx"] += 1
            if answer.status == 0 or (answer.status >= 500 and not answer.is_refusal_for_now):
                what = f"{answer.status} {answer.error} {answer.body[:300].decode(errors='replace')}"
                self.tally.findings.append(Finding(BROKEN, request.operation, what, request))

    def _findings(
        self, request: Request, answer: Answer, asker: Asker, path: str, number: int
    ) -> tuple[list[Finding], Content]:
        def finding(kind: str, what: str) -> Finding:
            return Finding(kind, request.operation, what, request, number)

        content = Content()
        if answer.status == 0 or (answer.status >= 500 and not answer.is_refusal_for_now):
            return [
                finding(BROKEN, f"{answer.status} {answer.error} {answer.body[:300].decode(errors='replace')}")
            ], content
        try:
            content = read_answer(
                answer.headers.get("content-type", ""), answer.headers.get("content-encoding", ""), answer.body, path
            )
        except Exception as error:  # whatever a decoder throws: an answer that its type does not describe
            return [finding(UNREADABLE, f"{type(error).__name__}: {error} {answer.body[:200]!r}")], content
        found = []
        if answer.seconds > SLOW_S:
            found.append(finding(SLOW, f"{answer.seconds:.1f} s"))
        bare = {w for part in self.world.oracle.parts.values() for w in content.words & part.numbers}
        bare -= {w for w in bare if w in unquote(request.path) or w.encode() in request.body}
        if bare and not path.endswith(REVEALING):
            found.append(finding(BARE, ", ".join(sorted(bare)[:5]) + f" of {len(bare)}"))
        if answer.status < 300 and request.method != "OPTIONS" and self._crossed(request, asker):
            found.append(finding(CROSSED, f"{answer.status} in a county that is not theirs"))
        found += [finding(FOREIGN, values) for values in self._foreign(request, answer, asker, content)]
        return found, content

    @staticmethod
    def _crossed(request: Request, asker: Asker) -> bool:
        parts = request.path.partition("?")[0].split("/")
        return (
            len(parts) > 2
            and parts[1] in ("api", "tiles", "maps", "ogc")
            and parts[2].isdigit()
            and (parts[2] != asker.county or not asker.prefixes)
        )

    def _foreign(self, request: Request, answer: Answer, asker: Asker, content: Content) -> list[str]:
        view = self.world.view(asker)
        sent = unquote(request.path) + (request.body.decode(errors="replace") if len(request.body) < _ECHO else "")
        self._sent_words[asker.county] |= runs_of(sent)
        # the trail of a county tells what its own accounts have asked for and written, also in vain
        sent_words = self._sent_words[asker.county] if "/audit" in request.path else set()
        token = unquote(request.path.partition("?")[0].removeprefix("/p/")).upper()
        public = self.world.tokens.get(token, set()) if request.path.startswith("/p/") else set()
        words = {
            value
            for run in content.words
            for value in view.foreign_texts(run)
            if value not in sent
            and not any(value in word for word in sent_words)
            and value not in FILLER
            and not any(value in word for word in public)
        }
        found = []
        if words:
            found.append(
                "texts "
                + ", ".join(f"{w} ({min(view.whole.holders(w, view.county))})" for w in sorted(words)[:6])
                + f" of {len(words)}"
            )
        ids = sorted(pair for pair in content.ids if view.is_foreign_id(*pair)) if answer.status < 300 else []
        if ids:
            found.append("ids " + ", ".join(f"{t} {n}" for t, n in ids[:6]) + f" of {len(ids)}")
        return found

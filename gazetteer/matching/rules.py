"""Rules learnt from decisions: in a village, what is written 永兴街 means 永安街. The matcher follows them.

A rule is followed only where the text names the division it holds in; a road of the same name elsewhere is another road.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from gazetteer.matching.candidates import Query, Reason
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import ParsedAddress


@dataclass(frozen=True, slots=True)
class RoadRule:
    """In ``division_code`` (town or village), the road ``written`` means ``standard``; both normalised."""

    division_code: str
    written: str
    standard: str


class RuleBook:
    """The rules in reach of a scope, by the road as written."""

    def __init__(self, rules: Iterable[RoadRule]) -> None:
        self._by_road: dict[str, list[RoadRule]] = defaultdict(list)
        for rule in rules:
            self._by_road[rule.written].append(rule)

    def rule_for(self, parsed: ParsedAddress) -> RoadRule | None:
        """The rule for the road of a text, the one of the smallest division that all divisions it may mean lie in."""
        road = road_of(parsed)
        codes = {d.code for d in parsed.divisions}
        if road is None or road not in self._by_road or not codes:
            return None
        holding = [r for r in self._by_road[road] if all(code.startswith(r.division_code) for code in codes)]
        return max(holding, key=lambda r: len(r.division_code), default=None)


def rule_book(connection: Connection) -> RuleBook:
    """The rules of the divisions inside and above the scope; a small table, read whole."""
    rows = connection.execute(text("SELECT division_code, written, standard FROM address_rules_in_reach()"))
    return RuleBook(RoadRule(*row) for row in rows)


def road_of(parsed: ParsedAddress) -> str | None:
    """The normalised road of a text, the group where there is no road."""
    return address_keys(parsed).road_key


def follow(parsed: ParsedAddress, rule: RoadRule) -> ParsedAddress:
    """The text as it would read with the standard road in it."""
    head, written, tail = parsed.key.rpartition(rule.written)
    key = head + rule.standard + tail if written else parsed.key
    if parsed.road is None:
        return replace(parsed, village_group=rule.standard, key=key)
    return replace(parsed, road=rule.standard, key=key)


def follow_rules(connection: Connection, queries: Sequence[Query]) -> list[tuple[Query, Reason]]:
    """Mend the roads of texts that a rule covers; returns which, and the reason to show. Others stay as they are."""
    book = rule_book(connection)
    mended: list[tuple[Query, Reason]] = []
    for query in queries:
        rule = book.rule_for(query.parsed)
        if rule is not None:
            query.parsed = follow(query.parsed, rule)
            query.keys = address_keys(query.parsed)
            mended.append((query, Reason("road", "alias", f"按纠正规则：“{rule.written}”即“{rule.standard}”")))
    return mended


def explain_rules(mended: Iterable[tuple[Query, Reason]]) -> None:
    """Put the rule first among the reasons of every candidate it led to."""
    for query, reason in mended:
        query.found = [replace(candidate, reasons=(reason, *candidate.reasons)) for candidate in query.found]

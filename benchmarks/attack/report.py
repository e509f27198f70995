"""What the attack prints."""

from __future__ import annotations

from collections import defaultdict

from benchmarks.attack.judge import KINDS, Finding, Tally

_SHOWN = 3


def print_report(tally: Tally) -> bool:
    """Print everything; True when nothing is wrong."""
    print(
        f"\n{tally.requests} requests in {tally.seconds:.0f} s of random ones; {tally.words} words and {tally.ids} numbers examined"
    )
    print(f"answers read as: {dict(tally.kinds)}; told to come again later: {tally.refused_for_now}")
    print("\n| operation | 2xx | 3xx | 4xx | 5xx |\n|---|--:|--:|--:|--:|")
    for name, counts in sorted(tally.answers.items(), key=lambda item: item[0].lstrip("[")):
        print(f"| {name} | " + " | ".join(str(counts[f"{n}xx"]) for n in (2, 3, 4, 5)) + " |")
    for kind in KINDS:
        _print_findings(kind, tally.of_kind(kind))
    print("\nwidest gaps between foreign and absent records (median ms, foreign / absent):")
    for foreign, absent, where in sorted(tally.gaps, key=lambda gap: -abs(gap[0] - gap[1]))[:5]:
        print(f"  {foreign:.1f} / {absent:.1f}  {where}")
    print(f"planted leaks seen: {tally.sight}")
    never = tally.never_answered()
    print(f"\nnever 2xx to anybody: {never or 'none'}")
    for kind in KINDS:
        print(f"{kind}: {len(tally.of_kind(kind))}  ({KINDS[kind]})")
    return not tally.findings


def _print_findings(kind: str, findings: list[Finding]) -> None:
    by_operation: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_operation[finding.operation].append(finding)
    for operation, several in sorted(by_operation.items()):
        print(f"\n{kind.upper()} × {len(several)}  {operation}")
        for finding in several[:_SHOWN]:
            print(f"  #{finding.number} {finding.request.summary()}\n      → {finding.what[:700]}")

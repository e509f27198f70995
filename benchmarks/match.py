"""Matching, measured: variants of a real county's register, speed, memory, calibration. Prints Markdown.

    python -m benchmarks.load_register --data ../shared/data        # once: the register, into ONEMAP_HOME
    python -m benchmarks.match [--each 300] [--seed 1] [--synthetic 1000000] [--misses 5]

Old names: within a transaction that is rolled back, some roads get a former name as alias and some villages a former
name. ``--synthetic`` makes a county 339902 of so many invented addresses (kept for the next run) and measures building,
memory, speed and suggestions there.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, text

from benchmarks.match_synthetic import COUNTY as SYNTHETIC
from benchmarks.match_synthetic import ensure_synthetic, synthetic_texts
from benchmarks.match_variants import Plate, Register, Variant, variants
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from gazetteer.matching.index.registry import registry_of
from gazetteer.matching.match import Match, match_many, suggest
from gazetteer.reading.normalise import normalise

COUNTY = "710015"
OLD_ROADS, OLD_VILLAGES, BINS = 25, 8, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=300, help="variants of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synthetic", type=int, default=0, help="addresses of the invented county")
    parser.add_argument("--misses", type=int, default=0, help="wrong answers shown of each kind")
    arguments = parser.parse_args()
    urls = ensure_database(get_settings())
    database = Database(urls.app, pool_size=2)
    try:
        accuracy(database, arguments)
        speed(database, COUNTY, None)
        if arguments.synthetic:
            ensure_synthetic(database, urls.owner, arguments.synthetic)
            registry_of(database.engine).close()
            speed(database, SYNTHETIC, synthetic_texts(20_000, arguments.synthetic, arguments.seed))
    finally:
        database.close()


def accuracy(database: Database, arguments: argparse.Namespace) -> None:
    """Right, ambiguous, wrong of each kind; class A wrong; calibration."""
    with database.transaction(Scope.of_system(COUNTY, "benchmark")) as connection:
        plates = read_plates(connection)
        register = Register(plates)
        queries = variants(register, arguments.each, arguments.seed)
        queries += old_names(connection, register, arguments.each, arguments.seed)
        matches = match_many(connection, [v.text for v in queries])
        report(queries, matches, {p.address_id: p.text() for p in plates}, arguments.misses)
        baselines(plates, [v for v in queries if v.determined], arguments.seed)
        connection.rollback()


def read_plates(connection: Connection) -> list[Plate]:
    rows = connection.execute(
        text(
            "SELECT a.id, a.county, a.town, a.village, coalesce(a.village_group, '') AS village_group, "
            "coalesce(a.road, '') AS road, coalesce(a.number_plate, '') AS number, a.full_text "
            "FROM standard_address a WHERE a.status = 'published' AND a.village IS NOT NULL ORDER BY a.source_key"
        )
    ).all()
    plates = [Plate(r.id, r.county, r.town, r.village, r.village_group, r.road, r.number) for r in rows]
    # some villages were renamed: their register texts carry a name that the table of divisions does not know
    return [p for p, r in zip(plates, rows, strict=True) if p.number and p.text() == r.full_text]


def old_names(connection: Connection, register: Register, each: int, seed: int) -> list[Variant]:
    """Former names, made and asked for: roads by aliases of their addresses, villages by ``former_names``."""
    rng = random.Random(seed + 1)
    by_road: dict[tuple[str, str], list[Plate]] = defaultdict(list)
    for plate in register.plates:
        if plate.road and register.unique(plate, ()):
            by_road[plate.village, plate.road].append(plate)
    made: list[Variant] = []
    aliases: list[dict[str, Any]] = []
    for n, key in enumerate(rng.sample(sorted(by_road), OLD_ROADS)):
        former = f"{'鶴松鷺桐楓'[n % 5]}{'鳴濤汀蔭晚'[n // 5]}舊街"
        for plate in by_road[key][:200]:
            alias = plate.county + plate.town + plate.village + former + plate.number
            aliases.append({"id": plate.address_id, "alias": alias, "key": normalise(alias)})
            written = rng.choice([alias, alias.removeprefix(plate.county), plate.village + former + plate.number])
            made.append(Variant("old name of road", written, plate.address_id, True))
    connection.execute(
        text(
            "INSERT INTO address_alias (address_id, alias_text, match_key, kind, created_by, grid_code) "
            "SELECT id, :alias, :key, 'former', 'benchmark', grid_code FROM standard_address WHERE id = :id"
        ),
        aliases,
    )
    made = rng.sample(made, min(each, len(made)))
    villages = rng.sample(sorted(register.villages), OLD_VILLAGES)
    for n, village in enumerate(villages):
        former = f"{'鶴松鷺桐楓'[n % 5]}{'原野岡坪'[n % 4]}舊村"
        plates = [p for p in register.plates if p.village == village]
        if len({p.town for p in plates}) > 1:
            continue
        connection.execute(
            text("UPDATE division SET former_names = jsonb_build_array(CAST(:former AS text)) WHERE name = :name"),
            {"former": former, "name": village},
        )
        for p in rng.sample(plates, min(len(plates), each // OLD_VILLAGES)):
            made.append(
                Variant("old name of village", p.text().replace(village, former), p.address_id, register.unique(p, ()))
            )
    return made


def report(queries: list[Variant], matches: list[Match], texts: dict[int, str], misses: int) -> None:
    by_kind: dict[str, list[tuple[Variant, Match]]] = defaultdict(list)
    for variant, match in zip(queries, matches, strict=True):
        by_kind[variant.kind].append((variant, match))
    print("## Variants of the register\n")
    print(
        "| kind | texts | determined | right of these | ambiguous of these | A | A wrong |\n|---|---|---|---|---|---|---|"
    )
    total = right = sure = sure_wrong = 0
    shown: list[str] = []
    for kind, pairs in by_kind.items():
        determined = [(v, m) for v, m in pairs if v.determined]
        good = sum(is_right(v, m) for v, m in determined)
        a = [(v, m) for v, m in pairs if m.candidate is not None and m.candidate.confidence_class == "A"]
        bad = [(v, m) for v, m in a if not is_right(v, m, texts)]
        share = f"{good / len(determined):.1%}" if determined else "–"
        unsure = sum(m.ambiguous for _, m in determined)
        print(f"| {kind} | {len(pairs)} | {len(determined)} | {share} | {unsure} | {len(a)} | {len(bad)} |")
        total, right, sure, sure_wrong = total + len(determined), right + good, sure + len(a), sure_wrong + len(bad)
        wrong = [(v, m) for v, m in determined if not is_right(v, m)] + bad
        shown += [_shown(v, m, texts) for v, m in wrong[:misses]]
    print(f"\nright top-1 where the text determines it: **{right / total:.2%}** of {total} (bar 98 %)")
    print(f"class A wrong: **{sure_wrong / max(sure, 1):.3%}** of {sure} (bar 0.1 %)")
    calibration(queries, matches, texts)
    for line in shown:
        print(line)


def is_right(variant: Variant, match: Match, texts: dict[int, str] | None = None) -> bool:
    """The one answer is the address meant (with ``texts``: or one of the same text, which the register has twice)."""
    if match.candidate is None or variant.meant is None:
        return False
    found = match.candidate.address_id
    return found == variant.meant or (texts is not None and texts.get(found) == texts[variant.meant])


def _shown(variant: Variant, match: Match, texts: dict[int, str]) -> str:
    found = [c.full_text for c in match.candidates[:2]]
    reasons = "；".join(r.text_zh for r in match.candidates[0].reasons) if match.candidates else match.matched_level
    meant = texts[variant.meant] if variant.meant is not None else "-"
    return f"- {variant.kind}: {variant.text} → {found} (meant {meant}) {reasons}"


def calibration(queries: list[Variant], matches: list[Match], texts: dict[int, str]) -> None:
    """How far stated confidence is from the share that is right, over all texts that got an answer."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    by_score: dict[float, list[bool]] = defaultdict(list)
    for variant, match in zip(queries, matches, strict=True):
        if not match.candidates:
            continue
        first = match.candidates[0]
        good = is_right(variant, match, texts) or (match.ambiguous and first.address_id == variant.meant)
        bins[min(int(first.confidence * BINS), BINS - 1)].append((first.confidence, good))
        if not match.ambiguous:
            by_score[first.confidence].append(good)
    answered = sum(map(len, bins))
    error = sum(abs(sum(c for c, _ in b) - sum(g for _, g in b)) for b in bins) / answered
    print(f"expected calibration error: **{error:.4f}** over {answered} answers (bar 0.03)\n")
    print("| confidence | answers | mean stated | right |\n|---|---|---|---|")
    for n, b in enumerate(bins):
        if b:
            stated, good = sum(c for c, _ in b) / len(b), sum(g for _, g in b) / len(b)
            print(f"| {n / BINS:.1f}–{(n + 1) / BINS:.1f} | {len(b)} | {stated:.3f} | {good:.3f} |")
    scores = "  ".join(f"{s:.2f}: {sum(g) / len(g):.3f} ({len(g)})" for s, g in sorted(by_score.items()))
    print(f"\nby score of single answers: {scores}\n")


def baselines(plates: list[Plate], queries: list[Variant], seed: int) -> None:
    """The simplest ways to do it: equal texts, and the closest text of the whole register."""
    keys = {normalise(p.text()): p.address_id for p in plates}
    as_written = {p.text(): p.address_id for p in plates}
    plain = sum(as_written.get(v.text) == v.meant for v in queries) / len(queries)
    folded = sum(keys.get(normalise(v.text)) == v.meant for v in queries) / len(queries)
    some = random.Random(seed).sample(queries, 100)
    choices, ids = list(keys), list(keys.values())
    start = time.process_time()
    closest = [process.extractOne(normalise(v.text), choices, scorer=fuzz.ratio, score_cutoff=50) for v in some]
    seconds = time.process_time() - start
    hits = sum(c is not None and ids[c[2]] == v.meant for c, v in zip(closest, some, strict=True))
    print("| beside it, right of the determined | share | texts/s |\n|---|---|---|")
    print(f"| equal text | {plain:.1%} | |\n| equal normalised text | {folded:.1%} | |")
    print(f"| closest normalised text (100 texts) | {hits / len(some):.1%} | {len(some) / seconds:,.1f} |\n")


def speed(database: Database, county: str, texts: list[str] | None) -> None:
    """Building, memory, matches a second on one core, suggestions."""
    scope = Scope.of_system(county, "benchmark")
    gc.collect()
    before = resident_mb()
    with database.transaction(scope) as connection:
        start, cpu = time.perf_counter(), time.process_time()
        match_many(connection, ["预热"])
        build_s, build_cpu = time.perf_counter() - start, time.process_time() - cpu
        library = registry_of(database.engine).library(connection)
        if texts is None:
            rows = connection.execute(text("SELECT full_text FROM standard_address ORDER BY md5(id::text) LIMIT 20000"))
            texts = [written(i, row.full_text) for i, row in enumerate(rows)]
        start, cpu = time.perf_counter(), time.process_time()
        found = sum(m.candidate is not None for m in match_many(connection, texts))
        wall, used = time.perf_counter() - start, time.process_time() - cpu
        waits = []
        for t in texts[:300]:
            start = time.perf_counter()
            suggest(connection, t[: max(4, len(t) // 2)])
            waits.append((time.perf_counter() - start) * 1000)
    waits.sort()
    print(f"## {len(library):,} addresses\n")
    print(f"- built in {build_s:.1f} s ({build_cpu:.1f} s of this process's CPU)")
    print(
        f"- index {library.size_bytes / 1e6:.0f} MB; resident {before:.0f} → {resident_mb():.0f} MB, peak {peak_mb():.0f} MB"
    )
    print(
        f"- {len(texts):,} texts, {found / len(texts):.1%} matched: {len(texts) / wall:,.0f}/s ({len(texts) / used:,.0f} per CPU second)"
    )
    print(f"- suggest: p50 {waits[150]:.1f} ms, p95 {waits[285]:.1f} ms\n")


def written(i: int, full_text: str) -> str:
    """Every third without its beginning, every tenth with a wrong character."""
    cut = full_text[3:] if i % 3 == 0 else full_text
    return cut[:7] + "某" + cut[8:] if i % 10 == 0 else cut


def resident_mb() -> float:
    return _status("VmRSS")


def peak_mb() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    main()

"""Address texts without labels: those of the matching data, and the same behind generated names of divisions."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

from gazetteer.reading.tagging.tokens import fold

_ENDINGS = re.compile(r"(?:省|市|维吾尔自治区|壮族自治区|回族自治区|自治区)$")
_COMMITTEE = re.compile(r"(?:村民委员会|居民委员会|村委会|居委会)$")
_HEAD = re.compile(r"[^0-9]{2,8}?[县区市](?!域)")
_SHORTEST, _LONGEST = 3, 74


def unlabelled_texts(data: Path) -> list[str]:
    """Every query and candidate of the training pairs, folded."""
    texts = set()
    for line in (data / "matching" / "train.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        texts |= {item["query"], *(candidate["text"] for candidate in item["candidate"])}
    return [fold(text) for text in sorted(texts) if _SHORTEST <= len(text) <= _LONGEST]


def texts_with_heads(texts: list[str], data: Path, n: int, rng: random.Random) -> list[str]:
    """Texts behind the names of a town's or a village's divisions, some of them left out or shortened."""
    towns, villages = (_rows(data / "divisions" / name) for name in ("china_towns.csv", "zhejiang_villages.csv"))
    made = set()
    for _ in range(n):
        row = rng.choice(villages if rng.random() < 0.45 else towns)
        text, head = rng.choice(texts), _HEAD.match("")
        if rng.random() < 0.8:
            head = _HEAD.match(text)
        whole = _head(row, rng) + text[head.end() if head else 0 :]
        if _SHORTEST <= len(whole) <= _LONGEST:
            made.add(whole)
    return sorted(made)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _head(row: dict[str, str], rng: random.Random) -> str:
    province, city, county, town = row["province"], row["city"], row["county"], row.get("town") or row["name"]
    if city in ("市辖区", "县") or "直辖" in city:
        city = province if province.endswith("市") else ""
    province, county = "" if province == city else province, "" if county == city else county
    if rng.random() < 0.25:
        province = _ENDINGS.sub("", province)
    if rng.random() < 0.12 and len(city) > 2:
        city = _ENDINGS.sub("", city)
    chosen = [
        name for name, share in ((province, 0.65), (city, 0.8), (county, 0.9), (town, 0.5)) if rng.random() < share
    ]
    if "town" in row and rng.random() < 0.35:
        village = _COMMITTEE.sub(lambda m: rng.choice(["", "村" if "村" in m[0] else "社区", m[0]]), row["name"])
        chosen.append(village)
    return "".join(chosen)

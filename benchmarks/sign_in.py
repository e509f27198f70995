"""Signing in under attack: wrong sign-ins from one address, right ones from another, and how long those take.

    python -m benchmarks.sign_in --url http://127.0.0.1:8000 --username xiangzhen --password … [--rate 200] [--seconds 5]

The attack comes from 127.0.0.2, the right sign-ins from 127.0.0.3 (Linux answers to all of 127/8). Prints the answers of
the attack by status and the times of the right sign-ins; the exit code is 1 when one took longer than --limit seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from statistics import median

import httpx

HEADERS = {"X-Onemap-Request": "1"}


def client_at(address: str, url: str) -> httpx.AsyncClient:
    """A client that calls from this address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=url, headers=HEADERS, transport=transport, timeout=30)


async def attack(url: str, username: str, rate: int, seconds: float) -> Counter[int | str]:
    """Wrong sign-ins at a steady rate, half for the name and half for names that do not exist."""
    answers: Counter[int | str] = Counter()

    async def one(client: httpx.AsyncClient, n: int) -> None:
        name = username if n % 2 else f"nobody{n}"
        try:
            answer = await client.post("/api/session", json={"username": name, "password": f"guess {n}"})
            answers[answer.status_code] += 1
        except httpx.HTTPError as error:
            answers[type(error).__name__] += 1

    async with client_at("127.0.0.2", url) as client:
        started, tasks = time.perf_counter(), []
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(one(client, n)))
        await asyncio.gather(*tasks)
    return answers


async def right(url: str, username: str, password: str, seconds: float) -> list[tuple[float, int]]:
    """Right sign-ins one after the other, each by a browser that was never here before: seconds and status."""
    times: list[tuple[float, int]] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        async with client_at("127.0.0.3", url) as client:
            started = time.perf_counter()
            answer = await client.post("/api/session", json={"username": username, "password": password})
            times.append((time.perf_counter() - started, answer.status_code))
        await asyncio.sleep(0.2)
    return times


async def run(options: argparse.Namespace) -> int:
    """Before, and under attack."""
    quiet = await right(options.url, options.username, options.password, 2)
    answers, busy = await asyncio.gather(
        attack(options.url, options.username, options.rate, options.seconds),
        right(options.url, options.username, options.password, options.seconds),
    )
    print(f"wrong sign-ins: {dict(answers)}")
    for name, times in (("quiet", quiet), ("under attack", busy)):
        seconds = [one for one, _ in times]
        print(
            f"right sign-ins, {name}: {len(times)}, median {median(seconds):.2f} s, longest {max(seconds):.2f} s, "
            f"statuses {dict(Counter(status for _, status in times))}"
        )
    good = all(status == 200 and seconds <= options.limit for seconds, status in busy)
    return 0 if good else 1


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--username", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--limit", type=float, default=2)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())

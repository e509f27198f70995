"""Attack a server with random and targeted requests of every role, and compare each answer with the owner's view.

    python -m benchmarks.attack [--requests 20000] [--seed 1] [--scale tiny|small] [--port N] [--url http://127.0.0.1:8000]

Prints foreign rows and 5xx with the request that did it; both must be none. Exit code 1 otherwise. ONEMAP_HOME keeps the two
synthetic counties between runs; without it they are made in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.attack.campaign import attack
from benchmarks.attack.report import print_report


def main() -> None:
    """Parse, attack, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", choices=("least", "tiny", "small"), default="small")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--url", default=None, help="a server that runs on the database of ONEMAP_HOME already")
    parser.add_argument("--thorough", type=float, default=1.0, help="share of the repeated parts of targeted attacks")
    parser.add_argument("--only", default=None, help="only operations whose path holds this")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server it started goes with it
    temporary = None
    if "ONEMAP_HOME" not in os.environ:
        temporary = Path(tempfile.mkdtemp(prefix="onemap-attack-"))
        temporary.chmod(0o755)  # the database's own user passes through
        os.environ["ONEMAP_HOME"] = str(temporary / "home")
        os.environ["ONEMAP_EMBEDDED_FSYNC"] = "off"
    try:
        tally = attack(
            arguments.requests,
            arguments.seed,
            arguments.scale,
            port=arguments.port,
            url=arguments.url,
            only=arguments.only,
            thorough=arguments.thorough,
        )
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    sys.exit(0 if print_report(tally) else 1)


if __name__ == "__main__":
    main()

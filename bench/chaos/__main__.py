"""`python -m bench.chaos [all | NAME …] [--short]`."""

import argparse
import asyncio
import sys
import time

from bench.chaos.report import Row, Skipped, line
from bench.chaos.scenarios import SCENARIOS


def main() -> int:
    """Run what was asked for; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(["all", *SCENARIOS]))
    parser.add_argument("--short", action="store_true", help="a few seconds each, scaled down")
    options = parser.parse_args()
    names = [name for name in options.names if name != "all"] or list(SCENARIOS)
    if unknown := set(names) - SCENARIOS.keys():
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in names:
        started = time.monotonic()
        try:
            found = asyncio.run(SCENARIOS[name](options.short))
        except Skipped as why:
            print(f"skipped {name}: {why}", flush=True)
            continue
        rows += found
        for row in found:
            print(line(row), flush=True)
        print(f"    ({name}: {time.monotonic() - started:.0f} s)", flush=True)
    broken = [row.promise for row in rows if not row.kept]
    print(f"{len(rows) - len(broken)} of {len(rows)} kept" + ("" if not broken else "; not kept:"))
    for promise in broken:
        print(f"  {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

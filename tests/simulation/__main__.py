"""`make simulate`: run seeds, in as many processes as there are cores.

A seed that fails is told with the end of its story, and runs again exactly the same with
`make simulate SEED=123`. Exit 1 when one failed.
"""

import argparse
import gc
import logging
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from cli.up.embedded import program
from tests.simulation import stdlib

STORY_LINES = 300
HUNTED = "mutation: "
SEEDS_FOR_A_MUTATION = 600  # the hunt stops at the first that finds it


def main() -> int:
    arguments = _arguments()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of the course
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    first, last = arguments.seeds
    if arguments.processes > 1:
        return _share(first, last, arguments.processes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "valkey.sock"
        command = [str(program()), "--port", "0", "--unixsocket", str(path)]
        options = ["--save", "", "--appendonly", "no", "--dir", folder, "--loglevel", "warning"]
        server = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
        try:
            _wait_for(path)
            return _run(arguments, str(path))
        finally:
            server.terminate()
            server.wait()


def _wait_for(path: Path) -> None:
    for _ in range(1000):
        if path.exists():
            return
        time.sleep(0.01)
    raise TimeoutError("the Valkey server did not start")


def _share(first: int, last: int, processes: int) -> int:
    marks = [first + (last - first) * part // processes for part in range(processes + 1)]
    command = [sys.executable, "-m", "tests.simulation", "--seeds"]
    children = [subprocess.Popen([*command, f"{begin}:{end}"]) for begin, end in pairwise(marks)]
    return max(child.wait() for child in children)


def _run(arguments: argparse.Namespace, path: str) -> int:
    stdlib.take_over()  # before the product is imported
    logging.disable(logging.CRITICAL)
    return _hunt(arguments, path) if arguments.hunt else _run_seeds(arguments, path)


def _hunt(arguments: argparse.Namespace, path: str) -> int:
    """Each mistake in a fork of its own, which has the product from here; 0 when all are found."""
    import tests.simulation.run  # noqa: F401 (the product, once and not in every fork)
    from tests.simulation.mutations import MUTATIONS

    found = 0
    for mutation in MUTATIONS:
        near = MUTATIONS[mutation].near
        print(f"{HUNTED}{mutation}", flush=True)
        child = os.fork()
        if not child:
            seeds = (near, near + SEEDS_FOR_A_MUTATION)
            planted = {"mutation": mutation, "seeds": seeds, "first": True}
            code = _run_seeds(argparse.Namespace(**{**vars(arguments), **planted}), path)
            os._exit(code)
        found += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    return 0 if found == len(MUTATIONS) else 1


def _run_seeds(arguments: argparse.Namespace, path: str) -> int:
    from tests.simulation.mutations import MUTATIONS, plant
    from tests.simulation.run import run_seed
    from tests.simulation.server import Server

    gc.freeze()
    gc.set_threshold(100_000)  # a run makes much that lives until it ends
    server = Server(path, plant(arguments.mutation) if arguments.mutation else {})
    kinds = MUTATIONS[arguments.mutation].kinds if arguments.mutation else ()
    first, last = arguments.seeds
    failed = 0
    for seed in range(first, last):
        result = run_seed(seed, server, kinds)
        if arguments.mutation:
            result = replace(result, arguments=f"SIMULATE_ARGS='--mutation {arguments.mutation}'")
        if arguments.story or result.wrong:
            print(result.told(None if arguments.story else STORY_LINES), flush=True)
        if arguments.digests:
            print(seed, result.digest())
        failed += bool(result.wrong)
        if failed and arguments.first:
            break
    print(f"seeds {first} to {seed}: {failed} failed", flush=True)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=_seeds, default=(0, 300), help="FIRST:END, or one")
    parser.add_argument("--processes", type=int, default=1, help="how many share the seeds")
    parser.add_argument("--story", action="store_true", help="the whole story in any case")
    parser.add_argument("--first", action="store_true", help="stop at the first that fails")
    parser.add_argument("--digests", action="store_true", help="tell courses apart, a line a seed")
    parser.add_argument("--mutation", default="", help="plant this mistake (mutations.py)")
    parser.add_argument("--hunt", action="store_true", help="plant them all, one after the other")
    return parser.parse_args()


def _seeds(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    return int(first), int(last or int(first) + 1)


if __name__ == "__main__":
    sys.exit(main())

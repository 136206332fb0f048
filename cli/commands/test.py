"""`gavel test`: play timelines against the rules on a virtual clock."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import click

from app.errors import GavelError
from app.settings import Settings
from app.yaml.problems import FileError
from cli.output.junit import write_junit
from cli.output.machine import json_option, tell
from cli.output.rules_json import report as told
from cli.output.rules_json import unusable
from cli.output.terminal import safe_lines
from cli.rules_file import load_rules
from workers.rules.simulation.timeline import Report, run_tests
from workers.rules.simulation.timeline_text import render_report

ENDING = "_test"
LOOK_SECONDS = 0.3

Played = tuple[str, Report | FileError]
"""A file of tests, and what came of it."""


class NoTests(GavelError):
    """The file of tests can not be read: name it, or write `rules_test.yaml` beside the rules."""


@click.command()
@click.argument("tests", nargs=-1, metavar="[RULES_TEST.yaml]...")
@click.option("--rules", help="The rules they are about. Default: NAME.yaml for NAME_test.yaml.")
@click.option("-k", "named", default="", metavar="NAME", help="Only tests with this in their name.")
@click.option("--junit", metavar="FILE", help="Also write a report as JUnit XML.")
@click.option(
    "--watch", is_flag=True, help="Again whenever one of the files changes, until Ctrl-C."
)
@click.option("-v", "--verbose", is_flag=True, help="Show the timelines that passed, too.")
@json_option
def test(
    tests: tuple[str, ...],
    rules: str | None,
    named: str,
    junit: str | None,
    watch: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Play the timelines of RULES_TEST.yaml on a virtual clock; nothing is sent.

    Without an argument: the file beside RULES_FILE, `rules_test.yaml` for `rules.yaml`. Exit code
    1 when an expectation was not met or a file is wrong.
    """
    paths = tests or (_beside(rules or Settings.load().rules_file),)
    pairs = [(path, rules or _rules_of(path)) for path in paths]

    def once() -> bool:
        played = [(path, _play(path, about, named)) for path, about in pairs]
        _tell(played, verbose=verbose, as_json=as_json)
        if junit:
            write_junit(junit, played)
        if named and not any(isinstance(one, FileError) or one.results for _, one in played):
            raise NoTests(f"no test has {named!r} in its name: `gavel test` lists them all")
        return all(_passed(one) for _, one in played)

    if watch:
        _again_and_again(once, pairs)
    sys.exit(0 if once() else 1)


def _again_and_again(once: Callable[[], object], pairs: Sequence[tuple[str, str]]) -> NoReturn:
    """Until Ctrl-C; what can not be done is told, and done when a file has changed."""
    for _ in _changes(pairs):
        try:
            once()
        except GavelError as error:
            click.echo(f"gavel: {error}", err=True)
    raise AssertionError("the changes never end")


def _play(path: str, rules: str, named: str) -> Report | FileError:
    """Raises NoTests, and NoRulesFile."""
    try:
        return run_tests(path, load_rules(rules), named)
    except FileError as error:
        return error
    except OSError as error:
        raise NoTests(
            f"the tests {path} can not be read: {error.strerror}. Name the file, or write "
            f"{_beside(rules)}: `gavel docs testing-rules` tells how"
        ) from None


def _tell(played: Sequence[Played], *, verbose: bool, as_json: bool) -> None:
    for path, one in played:
        if as_json:
            tell([unusable(path, one.problems) if isinstance(one, FileError) else told(one)])
        elif isinstance(one, FileError):
            click.echo(str(one))
        else:
            click.echo(safe_lines(render_report(one, verbose=verbose)), nl=False)


def _passed(one: Report | FileError) -> bool:
    return not isinstance(one, FileError) and one.passed


def _changes(pairs: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Now, and each time one of the files has changed. Never ends."""
    files = [Path(path) for pair in pairs for path in pair]
    seen: object = None
    while True:
        now = [_state(path) for path in files]
        if now != seen:
            seen = now
            yield
        sys.stdout.flush()
        time.sleep(LOOK_SECONDS)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:  # an editor replaces it
        return None
    return told.st_mtime_ns, told.st_size


def _beside(rules: str) -> str:
    """`rules_test.yaml` for `rules.yaml`."""
    path = Path(rules)
    return str(path.with_stem(path.stem + ENDING))


def _rules_of(tests: str) -> str:
    """`rules.yaml` for `rules_test.yaml`; where there is none, the setting RULES_FILE."""
    path = Path(tests)
    rules = path.with_stem(path.stem.removesuffix(ENDING))
    return str(rules) if rules != path and rules.exists() else Settings.load().rules_file

"""`gavel test`: play timelines against the rules on a virtual clock."""

import sys
from pathlib import Path

import click

from app.errors import GavelError
from app.settings import Settings
from cli.output.terminal import safe_lines
from cli.rules_file import load_rules
from workers.rules.simulation.timeline import run_tests
from workers.rules.simulation.timeline_text import render_report
from workers.rules.vocabulary.problems import RulesError

ENDING = "_test"


class NoTests(GavelError):
    """The file of tests can not be read: name it, or write `rules_test.yaml` beside the rules."""


@click.command()
@click.argument("tests", nargs=-1, metavar="[RULES_TEST.yaml]...")
@click.option("--rules", help="The rules they are about. Default: NAME.yaml for NAME_test.yaml.")
@click.option("-v", "--verbose", is_flag=True, help="Show the timelines that passed, too.")
def test(tests: tuple[str, ...], rules: str | None, verbose: bool) -> None:
    """Play the timelines of RULES_TEST.yaml on a virtual clock; nothing is sent.

    Without an argument: the file beside RULES_FILE, `rules_test.yaml` for `rules.yaml`. Exit code
    1 when an expectation was not met or a file is wrong.
    """
    passed = True
    for path in tests or (_beside(rules or Settings.load().rules_file),):
        try:
            report = run_tests(path, load_rules(rules or _rules_of(path)))
        except RulesError as error:
            click.echo(str(error))
            passed = False
        except OSError as error:
            raise NoTests(f"the tests {path} can not be read: {error.strerror}") from None
        else:
            click.echo(safe_lines(render_report(report, verbose=verbose)), nl=False)
            passed &= report.passed
    sys.exit(0 if passed else 1)


def _beside(rules: str) -> str:
    """`rules_test.yaml` for `rules.yaml`."""
    path = Path(rules)
    return str(path.with_stem(path.stem + ENDING))


def _rules_of(tests: str) -> str:
    """`rules.yaml` for `rules_test.yaml`; where there is none, the setting RULES_FILE."""
    path = Path(tests)
    rules = path.with_stem(path.stem.removesuffix(ENDING))
    return str(rules) if rules != path and rules.exists() else Settings.load().rules_file

"""The `gavel` command: every subcommand is one file in this package, imported when it is used."""

import sys
from importlib import import_module

import click

from app.errors import GavelError

COMMANDS = {
    "up": "Start everything and tell what happens, until Ctrl-C.",
    "web": "Run the web process: it receives Plivo's callbacks.",
    "worker": "Run one worker: it decides by the rules and acts.",
    "sandbox": "Run the local Plivo alone.",
    "check": "Tell every problem of a rules file at once.",
    "explain": "Tell what the rules make of an event, and why.",
    "test": "Play timelines against the rules on a virtual clock.",
    "why": "Tell what happened in a conference, and why.",
    "replay": "Hold new rules against recorded events.",
    "conferences": "List what is live.",
    "timers": "List what is due.",
    "retry": "Make calls again that were given up.",
    "doctor": "Examine settings, Redis, public URL, signature and account.",
}
"""Each is the function of that name in the module of that name; the line is its help."""


class Commands(click.Group):
    """Imports a command's module when it is asked for: `gavel check` needs no web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"cli.commands.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gavel")
def gavel() -> None:
    """Rules that run Plivo conferences."""


def main() -> None:
    """The process edge: an error of ours is a sentence and exit code 1, never a traceback."""
    try:
        gavel()
    except GavelError as error:
        click.echo(f"gavel: {error}", err=True)
        sys.exit(1)

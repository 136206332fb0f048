"""The `gavel` command: a subcommand is a file of `cli.commands`, imported when it is used."""

import ast
from importlib import import_module
from pathlib import Path

import click

from app.loading import loading
from app.settings import add_env_file
from cli import process_edge
from cli.names.account import COMMANDS as OF_ACCOUNT
from cli.names.account import with_account
from cli.names.suggestions import SuggestingGroup
from cli.output.terminal import forced_colour

COMMANDS = (
    "init",
    "up",
    "web",
    "worker",
    "recordings-worker",
    "sandbox",
    "check",
    "schema",
    "explain",
    "test",
    "why",
    "replay",
    "accounts",
    "conferences",
    "timers",
    "recordings",
    "act",
    "retry",
    "drop",
    "silence",
    "unsilence",
    "audit",
    "forget",
    "token",
    "login-link",
    "ready",
    "doctor",
    "connect",
    "docs",
    "completion",
)
"""In the order of `gavel --help`; each is the function of that name in the module of that name, `-`
written `_`."""


class Commands(SuggestingGroup):
    """Imports a command's module when it is asked for: `gavel check` needs no web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        with loading():
            module = import_module(f"cli.commands.{_file(name)}")
        command: click.Command = getattr(module, _file(name))
        return with_account(command) if name in OF_ACCOUNT else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help(name)) for name in COMMANDS])


def short_help(name: str) -> str:
    """The first paragraph of a command's docstring, read without importing what it needs."""
    source = Path(__file__).parent / "commands" / f"{_file(name)}.py"
    for node in ast.parse(source.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == _file(name):
            return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
    return ""


def _file(name: str) -> str:
    return name.replace("-", "_")


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gavel")
@click.pass_context
def gavel(context: click.Context) -> None:
    """Rules that run Plivo conferences."""
    context.color = forced_colour()


def main() -> None:
    """Run the command of this process's arguments, and end the process."""
    process_edge.run(_with_env_file)


def _with_env_file() -> object:
    """The command, with the settings of a `.env` file in this folder."""
    add_env_file()
    return gavel.main(prog_name="gavel", standalone_mode=False)

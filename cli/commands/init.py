"""`gavel init`: a folder to start from."""

import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from app.errors import GavelError
from cli.names.completion import recipes
from cli.output.machine import json_option, tell
from cli.shipped_files import DEMO, Recipe, recipe, recipe_names
from workers.rules.reference.generate import schema

SCHEMA_LINE = "# yaml-language-server: $schema=./rules.schema.json\n"
SETTINGS = """\
# Settings of Gavel. The `gavel` command reads this file in the folder where it is called; what the
# environment sets already goes before it. `gavel docs operations` tells all settings.
# Keep this file out of version control: it holds secrets.

# Who has it may pull your triggers (POST /triggers/NAME with `Authorization: Bearer ...`).
TRIGGER_TOKEN={trigger_token}

# For real calls: your Plivo account, and the https address by which Plivo reaches port 8000.
# Without them the sandbox stands in for Plivo. `gavel doctor` checks them, `gavel connect` leads
# the calls of your numbers here.
#PLIVO_AUTH_ID=
#PLIVO_AUTH_TOKEN=
#PUBLIC_URL=https://gavel.example.com

# Webhooks go to addresses on the internet only; for receivers on this machine or in your network:
#ALLOW_PRIVATE_WEBHOOKS=true

# Who may come into the console: this password (12 characters or more), links of `gavel login-link`,
# and with `pip install 'gavel[oidc]'` whom your OpenID Connect issuer knows (`gavel docs console`).
#ADMIN_PASSWORD=
#OIDC_ISSUER=https://id.example.com/realms/acme
#OIDC_CLIENT_ID=gavel
#OIDC_CLIENT_SECRET=
#OIDC_ROLES=admin=gavel-admins, operator=oncall, viewer=staff
"""


class NotEmpty(GavelError):
    """The folder holds such files already: the message names them, nothing was written."""


class CannotWrite(GavelError):
    """The files can not be written there: the message says why, nothing was left behind."""


@click.command()
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    "name",
    default=DEMO,
    help="Rules to begin with. Default: the demo's.",
    shell_complete=recipes,
)
@click.option("--list", "listed", is_flag=True, help="List the recipes.")
@json_option
def init(folder: Path, name: str, listed: bool, as_json: bool) -> None:
    """Write rules, their test, the editors' schema and a `.env` into DIR (default: here).

    Existing files are never changed: where one of them is there, nothing is written and the exit
    code is 1.
    """
    if listed:
        _list(as_json=as_json)
        return
    texts = _texts(recipe(name))
    _write_all(folder, texts)
    if as_json:
        tell({"file": str(folder / file)} for file in texts)
        return
    told = {
        "rules.yaml": "the rules; edit and save it while Gavel runs",
        "rules_test.yaml": "what they must do: gavel test",
        "rules.schema.json": "for your editor: completion and mistakes as you type",
        ".env": "settings, with a made-up TRIGGER_TOKEN",
    }
    for file, meaning in told.items():
        click.echo(f"{folder / file!s}".ljust(20) + f"  {meaning}")
    there = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    click.echo(f"\nNow: {there}gavel test && gavel up")


def _list(*, as_json: bool) -> None:
    found = {name: _about(name) for name in recipe_names()}
    if as_json:
        tell({"name": name, "about": about} for name, about in found.items())
        return
    for name, about in found.items():
        click.echo(f"{name.ljust(26)} {about}")


def _about(name: str) -> str:
    return "What `make run` shows: recorded, muted, warned." if name == DEMO else recipe(name).about


def _texts(chosen: Recipe) -> Mapping[str, str]:
    """File name -> what is written into it."""
    rules = chosen.rules if chosen.rules.startswith(SCHEMA_LINE) else SCHEMA_LINE + chosen.rules
    return {
        "rules.yaml": rules,
        "rules_test.yaml": chosen.tests,
        "rules.schema.json": schema(),
        ".env": SETTINGS.format(trigger_token=secrets.token_urlsafe(24)),
    }


def _write_all(folder: Path, texts: Mapping[str, str]) -> None:
    """All of the files or none. Raises NotEmpty or CannotWrite."""
    there = [file for file in texts if os.path.lexists(folder / file)]
    if there:
        raise NotEmpty(f"{folder}/ has {', '.join(there)} already: nothing was written")
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            _write_new(folder / file, text, made)
    except OSError as error:
        _take_back(made)
        raise CannotWrite(f"{error.filename or folder}: {error.strerror}") from None
    except BaseException:  # Ctrl-C
        _take_back(made)
        raise


def _write_new(path: Path, text: str, made: list[Path]) -> None:
    """A file that was not there before. Secrets are for our eyes only."""
    mode = 0o600 if path.name == ".env" else 0o666
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    made.append(path)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _take_back(made: list[Path]) -> None:
    for path in made:
        path.unlink(missing_ok=True)

"""`gavel sandbox`: the local Plivo alone, and scenarios played in it."""

from dataclasses import fields
from functools import partial
from pathlib import Path

import click

from app.domain.suggest import did_you_mean
from app.errors import GavelError
from app.settings import Settings
from cli.names.completion import scenarios as completed_scenarios
from cli.names.completion import switches
from cli.names.suggestions import SuggestingGroup
from cli.output.machine import json_option, tell
from cli.output.table import show
from sandbox.control.client import ControlFailed, NoSandbox
from sandbox.scenarios.scenario import BadScenario, Scenario, read, shipped
from sandbox.scenarios.scenario import play as play_scenario
from sandbox.server import serve
from sandbox.world.errors import SandboxError
from sandbox.world.options import AUTH_ID, AUTH_TOKEN, Options
from sandbox.world.switches import Switches


class CannotServe(GavelError):
    """The sandbox can not start so: the message says what to change."""


class CannotPlay(GavelError):
    """The scenario can not be played: the message says why."""


@click.group(cls=SuggestingGroup, invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), help="Default: SANDBOX_PORT; 0: a free one.")
@click.option("--service", help="Public URL of what answers the calls. Default: PUBLIC_URL.")
@click.option(
    "--sound",
    type=click.Choice(["auto", "on", "off"]),
    default="auto",
    show_default=True,
    help="True recordings (pip install 'gavel[sound]').",
)
@click.option("--conference", default="demo-1", help="What Call in on its page begins with.")
@click.option(
    "--switch",
    multiple=True,
    metavar="NAME=VALUE",
    help="As `gavel sandbox switches` lists them.",
    shell_complete=switches,
)
@click.pass_context
def sandbox(
    context: click.Context,
    port: int | None,
    service: str | None,
    sound: str,
    conference: str,
    switch: tuple[str, ...],
) -> None:
    """Run the local Plivo alone.

    Its account is PLIVO_AUTH_ID with PLIVO_AUTH_TOKEN, or one that it tells.
    """
    if context.invoked_subcommand:
        return
    settings = Settings.load()
    tokens = settings.plivo_auth_token or (AUTH_TOKEN,)
    try:
        options = Options(
            port=settings.sandbox_port if port is None else port,
            auth_id=settings.plivo_auth_id or AUTH_ID,
            auth_token=tokens[0],
            service=settings.public_url if service is None else service,
            sound=sound,
            conference=conference,
            switches=_switches(switch),
        )
        click.echo(f"account {options.auth_id}, calls are answered by {options.service}", err=True)
        if not settings.plivo_auth_id:
            click.echo(f"its token is {AUTH_TOKEN}", err=True)
        serve(options, tell=click.echo)
    except SandboxError as error:
        raise CannotServe(str(error)) from None


def _switches(texts: tuple[str, ...]) -> Switches:
    """Raises CannotServe for a name that is none, SandboxError for a wrong value."""
    wanted = dict(text.partition("=")[::2] for text in texts)
    known = [entry.name for entry in fields(Switches)]
    for name in wanted:
        if name not in known:
            raise CannotServe(f"{name}: no such switch{did_you_mean(name, known)}")
    return Switches().changed(wanted)


@sandbox.command()
@json_option
def scenarios(as_json: bool) -> None:
    """List the scenarios that come with Gavel."""
    found = {name: read(text, name).about.strip() for name, text in shipped().items()}
    if as_json:
        tell({"name": name, "about": about} for name, about in found.items())
        return
    for name, about in found.items():
        click.echo(f"{name.ljust(20)} {about}")


@sandbox.command("switches")
@json_option
def known_switches(as_json: bool) -> None:
    """List the switches of `--switch`, with their defaults."""
    found = [
        {
            "name": one.name,
            "default": one.default,
            "choices": list(one.metadata.get("choices", ())),
            "about": one.metadata["about"],
        }
        for one in fields(Switches)
    ]
    if as_json:
        tell(found)
        return
    rows = [
        (one["name"], str(one["default"]).lower(), " ".join(one["choices"]), one["about"])
        for one in found
    ]
    show(("switch", "default", "choices", "about"), rows, "There is none.")


@sandbox.command()
@click.argument("scenario", shell_complete=completed_scenarios)
@click.option("--sandbox", "url", help="The running sandbox. Default: at SANDBOX_PORT.")
@click.option("--service", help="Whose rules are tried. Default: PUBLIC_URL.")
@click.option("--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True)
@json_option
def play(scenario: str, url: str | None, service: str | None, speed: float, as_json: bool) -> None:
    """Play SCENARIO in a running sandbox.

    It is a YAML file, or one of `gavel sandbox scenarios`. Ends with what the service asked of the
    Conference API meanwhile.
    """
    settings = Settings.load()
    url = url or f"http://127.0.0.1:{settings.sandbox_port}"
    try:
        asked = play_scenario(
            _scenario(scenario),
            sandbox=url,
            service=service or settings.public_url,
            speed=speed,
            tell=partial(click.echo, err=as_json),
        )
    except NoSandbox as error:
        raise CannotPlay(f"{error}: start `gavel up`, or name it with --sandbox") from None
    except (BadScenario, ControlFailed) as error:
        raise CannotPlay(str(error)) from None
    if as_json:
        tell({key: one[key] for key in ("method", "path", "status")} for one in asked)
        return
    click.echo(f"{len(asked)} requests of the service:")
    for entry in asked:
        click.echo(f"  {entry['status']} {entry['method']} {entry['path']}")


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "it is not UTF-8 text"


def _scenario(name: str) -> Scenario:
    """A file, or a shipped one by its name."""
    known = shipped()
    if name in known:
        return read(known[name], name)
    try:
        return read(Path(name).read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise CannotPlay(
            f"{name} can not be read ({_reason(error)}), and no shipped scenario has that name"
            + did_you_mean(name, known)
        ) from None

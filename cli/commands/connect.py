"""`gavel connect`: lead the calls of Plivo's numbers into a conference."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from app.domain.event import checked_name
from app.settings import Settings
from cli.connect import CannotConnect, Connection, application_name, plan
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.output.machine import json_option, tell
from cli.output.terminal import safe
from cli.up.layout import make_plan
from workers.plivo.account import AccountApi, Application

OF_PLIVO = "https://api.plivo.com"


@click.command()
@click.argument("conference", shell_complete=conference_names)
@click.option("--number", help="A number of the account whose calls are to come: +14155550100.")
@click.option("--application", "name", help="Plivo's application. Default: gavel-CONFERENCE.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
def connect(
    conference: str, number: str | None, name: str | None, yes: bool, as_json: bool
) -> None:
    """Make or correct Plivo's application that leads calls into CONFERENCE.

    Sets its answer URL, hang-up URL and their methods; shows which numbers point to it, and lets
    --number point to it, too. Tells what it will change and asks before; changes nothing else.
    Called again, it finds nothing to do. With --json nobody is asked: it is done with --yes only.
    """
    settings = _settings()
    checked_name(conference, "CONFERENCE")
    with AccountApi(
        settings.plivo_api_url, settings.plivo_auth_id or "", settings.plivo_auth_token[0]
    ) as api:
        applications = api.applications()
        found = plan(
            name or application_name(conference),
            conference,
            settings.public_url,
            applications,
            api.numbers(),
            number,
        )
        if as_json:
            if yes and not found.nothing_to_do:
                _do(api, found)
            tell([_as_json(found, settings, done=yes)])
            return
        click.echo(f"account {settings.plivo_auth_id} at {settings.plivo_api_url}")
        for line in _told(found, applications):
            click.echo(safe(line))
        if found.nothing_to_do:
            click.echo("nothing to change")
            return
        if not yes:
            click.confirm("Change this?", abort=True)
        _do(api, found)
    click.echo("done")


def _as_json(found: Connection, settings: Settings, *, done: bool) -> dict[str, object]:
    return {
        "account": settings.plivo_auth_id,
        "application": found.name,
        "fields": dict(found.wanted),
        "changes": [key for key in found.wanted if key in found.changes],
        "numbers": [f"+{one}" for one in found.answered],
        "number": f"+{found.moved.number}" if found.moved else None,
        "done": done or found.nothing_to_do,
    }


def _settings() -> Settings:
    """With an account: that of the settings, else that of the sandbox of `gavel up` here."""
    settings = chosen_settings()
    if settings.plivo_auth_id is None:
        if not (Path(settings.state_dir) / "sandbox.json").exists():
            raise CannotConnect(
                "there is no account: set PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (in .env, say), or "
                "start `gavel up` here to try it with the sandbox"
            )
        return Settings.from_environ(make_plan(settings).environ)
    loopback = "//127.0.0.1" in settings.public_url or "//localhost" in settings.public_url
    if loopback and settings.plivo_api_url.startswith(OF_PLIVO):
        raise CannotConnect(
            f"Plivo can not reach {settings.public_url}: set PUBLIC_URL to an address on the "
            "internet"
        )
    return settings


def _told(found: Connection, applications: Sequence[Application]) -> Iterator[str]:
    """How it is, and what will be."""
    if found.old is None:
        yield f"application {found.name}: is not there, will be made"
    else:
        yield f"application {found.name}: is there ({found.old.id})"
    before = found.old.fields if found.old else {}
    for key, value in found.wanted.items():
        if key not in found.changes:
            yield f"  {key.ljust(14)}{value}"
        elif before.get(key):
            yield f"  {key.ljust(14)}{value}   (now: {before[key]})"
        else:
            yield f"  {key.ljust(14)}{value}   (new)"
    answered = ", ".join(f"+{one}" for one in found.answered) or "none"
    yield f"  {'numbers'.ljust(14)}{answered}"
    if found.moved:
        names = {one.id: one.name for one in applications}
        app_id = found.moved.app_id
        now = names.get(app_id, app_id) or "nothing"
        yield f"number +{found.moved.number}: points to {now}, will point to {found.name}"


def _do(api: AccountApi, found: Connection) -> None:
    if found.old is None:
        app_id = api.create_application(found.name, found.wanted)
    else:
        app_id = found.old.id
        if found.changes:
            api.update_application(found.old, found.wanted)
    if found.moved:
        api.assign(found.moved.number, app_id)

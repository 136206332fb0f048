"""`gavel sandbox`: the local Plivo alone."""

import click

from app.settings import Settings
from sandbox.options import AUTH_ID, AUTH_TOKEN, Options
from sandbox.server import serve


@click.group(invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), help="Default: SANDBOX_PORT; 0: a free one.")
@click.option("--service", help="Public URL of what answers the calls. Default: PUBLIC_URL.")
@click.pass_context
def sandbox(context: click.Context, port: int | None, service: str | None) -> None:
    """Run the local Plivo alone.

    Its account is PLIVO_AUTH_ID with PLIVO_AUTH_TOKEN, or one that it tells.
    """
    if context.invoked_subcommand:
        return
    settings = Settings.load()
    tokens = settings.plivo_auth_token or (AUTH_TOKEN,)
    options = Options(
        port=settings.sandbox_port if port is None else port,
        auth_id=settings.plivo_auth_id or AUTH_ID,
        auth_token=tokens[0],
        service=settings.public_url if service is None else service,
    )
    click.echo(f"account {options.auth_id}, calls are answered by {options.service}", err=True)
    if not settings.plivo_auth_id:
        click.echo(f"its token is {AUTH_TOKEN}", err=True)
    serve(options, tell=click.echo)

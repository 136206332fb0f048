"""`gavel web`: the web process."""

import tempfile

import click

from app.errors import GavelError
from app.settings import Settings
from cli import programs
from cli.become import become
from cli.listening import require_free_for_web


class NoTemporaryFolder(GavelError):
    """The web server needs one folder to write to, for its processes' signs of life: make /dev/shm
    or /tmp writable, or set TMPDIR. It keeps nothing there."""


@click.command()
def web() -> None:
    """Run the web process: it receives Plivo's callbacks.

    Needs REDIS_URL, PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (`gavel up` makes up for them).
    """
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    require_free_for_web(settings)
    _require_temporary_folder()
    become(programs.WEB, settings)


def _require_temporary_folder() -> None:
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise NoTemporaryFolder(" ".join((NoTemporaryFolder.__doc__ or "").split())) from None

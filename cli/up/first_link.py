"""The way into the console, on the terminal, until somebody has been in."""

import time

from redis import Redis
from redis.exceptions import RedisError

from app.console.access.links import Invitation, anybody_signed_in, make_link
from app.settings import Settings
from cli.output.terminal import Terminal

AGAIN_SECONDS = 0.3


def tell(redis: Redis, settings: Settings, terminal: Terminal) -> None:
    """Say how to sign in: by a link that works once, as long as nobody ever did and there is no
    password. Waits for Redis."""
    while True:
        try:
            terminal.say(_way_in(redis, settings, terminal))
        except RedisError:
            time.sleep(AGAIN_SECONDS)
        else:
            return


def _way_in(redis: Redis, settings: Settings, terminal: Terminal) -> str:
    head = f"  {terminal.paint('cyan', 'console'.ljust(9))}"
    if settings.admin_password is not None:
        return f"{head}{settings.console_url}/ shows it all, with ADMIN_PASSWORD"
    if anybody_signed_in(redis):
        return f"{head}{settings.console_url}/ shows it all (a new way in: gavel login-link)"
    link = make_link(redis, settings.console_url, Invitation("admin", "admin"))
    return f"{head}{link}\n{' ' * 11}shows it all; the link works once, within 15 minutes"

"""What gunicorn starts: `gunicorn "app.server.wsgi:make()"`."""

from flask import Flask

from app.accounts.file import AccountsFile
from app.factory import create_app, create_front
from app.logs import start_logging
from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox
from app.web.accounts import Front


def make() -> Flask | Front:
    """The application of this process, from its environment. Raises GavelError."""
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    start_logging(settings.log_format, settings.log_level, settings.secrets())
    redis = connect(
        settings.redis_url or "", timeout=settings.redis_timeout, replicated=settings.replicated
    )
    if settings.accounts_file is None:
        return create_app(settings, Inbox(redis))
    file = AccountsFile(settings.accounts_file, settings)
    file.open()
    return create_front(settings, Inbox(redis), file)

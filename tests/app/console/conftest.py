"""The console on a real Valkey, and people who look at it."""

from collections.abc import Callable

import pytest
from redis import Redis

from app.factory import create_app
from app.store.inbox import Inbox
from tests.app.builders import settings
from tests.app.console.person import Person

PASSWORD = "a-password-of-the-console"


@pytest.fixture
def visit(redis: Redis, publish: Callable[..., None]) -> Callable[..., Person]:
    """Somebody's browser, signed in where a role is given."""
    publish()
    app = create_app(settings(admin_password=PASSWORD, public_url="http://127.0.0.1"), Inbox(redis))

    def open_browser(role: str = "") -> Person:
        person = Person(app.test_client(), redis)
        if role:
            assert person.sign_in_by_link(role).status_code == 303
        return person

    return open_browser

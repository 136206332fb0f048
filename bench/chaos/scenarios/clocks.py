"""What goes by a time is the same on hosts whose clocks are an hour apart: sign-ins and tokens."""

import re
import time
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from bench.chaos.hosts import PASSWORD, WRONG_BY, Hosts
from bench.chaos.report import Row

SHORT_LIVED = 3  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    url: str


def go_by_one_clock(on: Hosts) -> Row:
    """Each host begins a session, makes a token and one for 3 s; every host is asked with each."""
    sessions = tokens = outlived = 0
    expired = {}
    for host in WRONG_BY:
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        _sign_in(on, host, browser)
        secret = on.run(host, "token", "new", f"--name=of-{host}", "--scope=read", "--expires=10m")
        expired[host] = on.run(
            host,
            "token",
            "new",
            f"--name=short-{host}",
            "--scope=read",
            f"--expires={SHORT_LIVED}s",
        )
        for other in WRONG_BY:
            sessions += _is_signed_in(on, other, browser)
            tokens += _may_read(on, other, secret)
    time.sleep(SHORT_LIVED)
    for secret in expired.values():
        outlived += sum(_may_read(on, host, secret) for host in WRONG_BY)
    pairs = len(WRONG_BY) ** 2
    measured = (
        f"a session begun on each host goes on on each: {sessions} of {pairs}; a token made on each "
        f"is taken on each: {tokens} of {pairs}, and one for {SHORT_LIVED} s that is over: "
        f"{outlived} of {pairs}"
    )
    return Row(
        "2 Sign-ins and tokens go by one clock",
        measured,
        (sessions, tokens, outlived) == (pairs, pairs, 0),
    )


def _sign_in(on: Hosts, host: int, browser: OpenerDirector) -> None:
    page = _ask(browser, Request(f"{on.web(host)}/login"))
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    form = {"token": found.group(1) if found else "", "password": PASSWORD}
    _ask(browser, Request(f"{on.web(host)}/login", urlencode(form).encode()))


def _is_signed_in(on: Hosts, host: int, browser: OpenerDirector) -> bool:
    """Cookies are of an address: those of one host are given to the other by hand."""
    cookies = {
        cookie.name: cookie.value
        for handler in browser.handlers
        if isinstance(handler, HTTPCookieProcessor)
        for cookie in handler.cookiejar
    }
    told = "; ".join(f"{name}={value}" for name, value in cookies.items())
    request = Request(f"{on.web(host)}/conferences", headers={"Cookie": told})
    answer = _ask(build_opener(), request)
    return answer.status == 200 and "/login" not in answer.url


def _may_read(on: Hosts, host: int, secret: str) -> bool:
    headers = {"Authorization": f"Bearer {secret}"}
    request = Request(f"{on.web(host)}/api/v1/conferences", headers=headers)
    return _ask(build_opener(), request).status == 200


def _ask(browser: OpenerDirector, request: Request) -> Answer:
    try:
        with browser.open(request, timeout=10) as answer:
            return Answer(answer.status, answer.read().decode(), answer.url)
    except HTTPError as error:
        return Answer(error.code, "", error.url or "")

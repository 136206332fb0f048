"""A person with a browser: keeps cookies, fills in forms as they are on the page."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from app.console.access.links import Invitation, make_link
from tests.waiting import until

TOKEN = re.compile(r'name="token" value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


class Person:
    """`get` and `post` as a browser does them from one of our own pages."""

    def __init__(self, client: FlaskClient, redis: Redis) -> None:
        self.client = client
        self.redis = redis

    def get(self, path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=named)

    def tag_of_the_same(self, path: str, **headers: str) -> str:
        """The tag by which a page is told to be as it was. Each half minute all pages are made
        anew: asked until two looks were in the same one."""
        tags: list[str] = []

        def is_as_it_was() -> bool:
            tags.append(self.get(path).headers["ETag"])
            return self.get(path, If_None_Match=tags[-1], **headers).status_code == 304

        until(is_as_it_was, f"{path} to be as it was")
        return tags[-1]

    def post(self, path: str, fields: Mapping[str, Any], **headers: str) -> TestResponse:
        sent = {"Sec-Fetch-Site": "same-origin"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=fields, headers=sent)

    def token(self, page: str = "/live") -> str:
        found = TOKEN.search(self.get(page).text)
        assert found, self.get(page).text
        return found[1]

    def sign_in(self, password: str, **fields: str) -> TestResponse:
        return self.post("/login", {"token": self.token("/login"), "password": password} | fields)

    def sign_in_by_link(self, role: str = "admin", who: str = "Anna") -> TestResponse:
        link = make_link(self.redis, "", Invitation(who, role))
        return self.open(link)

    def open(self, link: str) -> TestResponse:
        """Open a link and press its button."""
        page = self.get(link).text
        fields = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        return self.post("/login/link", fields)

"""One process answers for many accounts, each at `/a/NAME/…`."""

from collections.abc import Callable

import pytest

from app.factory import Gavel
from app.server.first_words import look
from app.store import keys
from app.web import accounts
from app.web.express import EXPRESS
from tests.app.builders import TOKEN, enter, recording
from tests.app.web.many import NONE_OF_ITS_OWN, Service, entry
from tests.log_lines import lines

Serving = Callable[..., Service]


def test_a_callback_is_in_the_inbox_of_its_account_alone(service: Service) -> None:
    assert service.callback("acme", enter()).status_code == 200
    assert [event["kind"] for event in service.inbox("acme")] == ["member.entered"]
    assert (service.inbox("zeta"), service.inbox("")) == ([], [])


def test_the_account_of_the_service_is_served_beside_them_as_ever(service: Service) -> None:
    assert service.callback("", enter(), token=TOKEN).status_code == 200
    assert (len(service.inbox("")), service.inbox("acme")) == (1, [])


@pytest.mark.parametrize("seen", ["/gavel/a/acme/plivo/conference", "/a/acme/plivo/conference"])
def test_a_public_url_with_a_path_may_be_left_on_or_taken_off(serving: Serving, seen: str) -> None:
    service = serving(public_url="https://example.com/gavel")
    assert service.callback("acme", enter(), seen=seen).status_code == 200
    assert len(service.inbox("acme")) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/a/nobody/plivo/conference",
        "/a/ACME/plivo/conference",
        "/a/%61cme/plivo/conference",
        "/a/acme%2Fplivo/conference",
        "/a/acme%0A/plivo/conference",
        "/a/acm/plivo/conference",
        "/a//plivo/conference",
        f"/a/{'x' * 5000}/plivo/conference",
        "/a/acme../plivo/conference",
        "/x/a/acme/plivo/conference",
        "/a/acme/a/acme/plivo/conference",
    ],
)
def test_who_is_no_account_gets_the_words_of_any_unknown_address(
    service: Service, path: str
) -> None:
    unknown = service.browser().post("/nothing", data=enter())
    given = service.callback("acme", enter(), seen=path)
    assert (given.status_code, given.data) == (404, unknown.data)
    assert unknown.status_code == 404


def test_a_callback_for_no_account_is_in_the_log(
    serving: Serving, told: pytest.LogCaptureFixture
) -> None:
    service = serving(**NONE_OF_ITS_OWN)
    service.callback("acme", enter(), seen="/a/acne/plivo/conference")
    service.callback("acme", enter(), seen="/plivo/conference")
    first, second = (line for line in lines(told) if "refuse" in line)
    assert "path=/a/acne/plivo/conference" in first
    assert "there is no account 'acne' in ACCOUNTS_FILE" in first
    assert "the service has no account of its own" in second


def test_a_changed_account_is_served_anew_and_one_that_is_gone_not_at_all(service: Service) -> None:
    assert service.callback("acme", enter()).status_code == 200
    assert service.callback("zeta", enter()).status_code == 200
    service.write(entry("acme", plivo_auth_token="another-token-of-acme"), entry("late"))
    service.settle()
    assert service.callback("acme", recording()).status_code == 403
    assert service.callback("acme", recording(), token="another-token-of-acme").status_code == 200
    assert service.callback("late", enter()).status_code == 200
    assert service.callback("zeta", enter()).status_code == 404


def test_a_broken_file_changes_nothing(service: Service) -> None:
    service.write("- broken\n")
    service.settle()
    assert service.callback("zeta", enter()).status_code == 200


def test_few_applications_are_kept_and_who_is_dropped_comes_again(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST", 2)
    service = serving(*(entry(f"n{number}") for number in range(4)))
    for number in (0, 1, 2, 3, 0):
        conference = enter(ConferenceName=f"room {number}")
        assert service.callback(f"n{number}", conference).status_code in (200, 200)
    kept = service.front._applications._kept
    assert list(kept) == ["n3", "n0"]
    assert len(service.front._applications._retired) == 3


def test_without_an_account_of_its_own_the_service_takes_no_callbacks(serving: Serving) -> None:
    service = serving(**NONE_OF_ITS_OWN)
    browser = service.browser()
    unknown = browser.get("/nothing").data
    for path in ("/plivo/conference", "/plivo/answer/demo", "/triggers/open"):
        given = browser.post(path, data=enter())
        assert (path, given.status_code, given.data) == (path, 404, unknown)
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/readyz").status_code == 200
    assert service.callback("acme", enter()).status_code == 200


def test_an_account_is_not_ready_before_its_rules_are_known_and_asks_for_them(
    service: Service,
) -> None:
    service.space("zeta").delete(keys.RULES, keys.RULES_DIGEST)
    service.redis.zrem(keys.ACCOUNTS, "zeta")
    browser = service.browser()
    assert browser.get("/a/acme/readyz").status_code == 200
    given = browser.get("/a/zeta/readyz")
    assert (given.status_code, given.headers["Retry-After"]) == (503, "1")
    assert service.redis.zscore(keys.ACCOUNTS, "zeta") is not None


@pytest.mark.parametrize("path", ["/plivo/answer/demo", "/triggers/open"])
def test_who_comes_before_its_rules_are_known_is_told_to_come_again(
    service: Service, path: str
) -> None:
    service.space("zeta").delete(keys.RULES, keys.RULES_DIGEST)
    service.redis.zrem(keys.ACCOUNTS, "zeta")
    bearer = {"Authorization": "Bearer triggers-of-zeta"}
    given = service.callback("zeta", {}, path, **bearer)
    assert (given.status_code, given.headers["Retry-After"]) == (503, "1")
    assert service.redis.zscore(keys.ACCOUNTS, "zeta") is not None


def test_what_a_caller_is_answered_leads_back_to_the_account(service: Service) -> None:
    answer = service.callback("acme", {"CallUUID": "c", "From": "1"}, "/plivo/answer/demo")
    assert "https://gavel.example.com/a/acme/plivo/conference" in answer.text


def test_the_loop_reads_callbacks_of_accounts_without_an_application(service: Service) -> None:
    lane = service.front.extensions[EXPRESS]
    environ = {"PATH_INFO": "/a/acme/plivo/conference", "RAW_URI": "/a/acme/plivo/conference"}
    found = lane.of(environ)
    assert (found.tagging.space, environ["PATH_INFO"]) == ("acme", "/plivo/conference")
    assert lane.of({"PATH_INFO": "/a/acme/plivo/conference", "RAW_URI": "/"}) is lane.root
    assert lane.of({"PATH_INFO": "/a/nobody/x", "RAW_URI": "/a/nobody/x"}) is None
    assert len(service.front._applications._kept) == 0


def test_what_an_application_counted_is_written_when_it_was_dropped(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST", 1)
    service = serving()
    for name in ("acme", "zeta"):
        for _ in range(2):  # the second within a second is kept for later
            assert service.callback(name, {}, token="wrong").status_code == 403
    service.front.write()
    field = "gavel_requests_refused_total|403"
    found = [service.space(name).hget(keys.METRICS, field) for name in ("acme", "zeta")]
    assert found == [b"2", b"2"]


def test_people_of_all_accounts_leave_one_thread_to_callbacks_together(service: Service) -> None:
    root = service.front.root
    assert isinstance(root, Gavel)
    for name in ("acme", "zeta"):
        app = service.front._applications.of(service.file.accounts[name])
        assert isinstance(app, Gavel)
        assert app.places is root.places


def test_a_look_at_the_file_that_fails_is_told_and_the_next_one_takes_it(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.write(entry("acme"), entry("more"))
    now = service.now
    del service.now  # its clock fails
    look(service.front)
    assert "the accounts file could not be looked at" in caplog.text
    service.now = now
    service.settle()
    assert set(service.file.accounts) == {"acme", "more"}


def test_what_opens_triggers_is_named_as_it_is_said(serving: Serving) -> None:
    closed = "- {name: zeta, plivo_auth_id: MA2, plivo_auth_token: a-token-of-zeta}\n"
    browser = serving(entry("acme"), closed).browser()
    for account, told in (
        ("/a/acme", "with a token of trigger_token in ACCOUNTS_FILE"),
        ("/a/zeta", "set trigger_token in ACCOUNTS_FILE"),
        ("", "with a token of TRIGGER_TOKEN"),
    ):
        given = browser.post(f"{account}/triggers/open", json={"conference": "demo"})
        assert given.json is not None
        assert told in given.json["error"]

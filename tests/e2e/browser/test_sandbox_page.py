"""The sandbox's page in a real browser: seen, driven by hand, safe from hostile names."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
import requests
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from sandbox.embedded import Sandbox
from sandbox.world.directory import NUMBERS
from tests.e2e.browser.chromium import chromium
from tests.sandbox.conftest import members
from tests.sandbox.service import Service
from tests.waiting import PATIENCE

T = TypeVar("T")
NUMBER = NUMBERS[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def one_sandbox() -> Iterator[Sandbox]:
    with Sandbox(sound="off") as running:
        yield running


@pytest.fixture
def sandbox(one_sandbox: Sandbox, browser: Chrome) -> Iterator[Sandbox]:
    """Empty at the start; at the end the browser must have had nothing to complain of."""
    one_sandbox.reset()
    browser.get_log("browser")
    browser.get(one_sandbox.url)
    yield one_sandbox
    assert browser.get_log("browser") == []


def text(browser: Chrome) -> str:
    return str(browser.execute_script("return document.body?.innerText"))


def shows(browser: Chrome, part: str) -> bool:
    """Whether the page comes to show this by itself."""
    return WebDriverWait(browser, PATIENCE).until(lambda _: part in text(browser))


def button(browser: Chrome, name: str) -> None:
    """Press it; the page may have put a fresh one in its place meanwhile."""
    for _ in range(10):
        try:
            browser.find_element(By.XPATH, f"//button[normalize-space()='{name}']").click()
        except StaleElementReferenceException:
            continue
        return


def unmoved(look: Callable[[], T]) -> T:
    """What is seen; looked at again when the page put fresh parts in the place of these."""
    for _ in range(10):
        try:
            return look()
        except StaleElementReferenceException:
            continue
    return look()


def fill(browser: Chrome, field: str, value: str) -> None:
    def once() -> None:
        box = browser.find_element(By.CSS_SELECTOR, field)
        box.click()
        box.clear()
        box.send_keys(value)

    unmoved(once)


def test_an_empty_sandbox_says_what_to_do(sandbox: Sandbox, browser: Chrome) -> None:
    assert shows(browser, "Nobody is here")


def test_somebody_calls_in_presses_speaks_and_is_hung_up(sandbox: Sandbox, browser: Chrome) -> None:
    fill(browser, "#conference", "townhall-1")
    fill(browser, "#from", "+4930123456")
    fill(browser, "#caller_name", "Anna")
    button(browser, "Call in")
    assert shows(browser, "+4930123456")
    member = members(sandbox, "townhall-1")[0]
    fill(browser, "[name=digits]", "*1")
    button(browser, "Press")
    fill(browser, "[name=text]", "Hello")
    button(browser, "Say")
    assert shows(browser, "has the floor")
    button(browser, "Hang up")
    assert shows(browser, "Nobody is here")
    ended = sandbox.state()["ended_calls"]
    assert [one["call_uuid"] for one in ended] == [member["call_uuid"]]


def test_a_number_is_called_once_an_application_answers_it(
    sandbox: Sandbox, browser: Chrome
) -> None:
    assert "Call the number" not in text(browser)
    api = f"{sandbox.url}/v1/Account/{sandbox.options.auth_id}"
    with Service() as service, requests.Session() as session:
        session.auth = (sandbox.options.auth_id, sandbox.options.auth_token)
        wanted = {"app_name": "Ours", "answer_url": f"{service.url}/answer"}
        made = session.post(f"{api}/Application/", json=wanted, timeout=PATIENCE).json()
        session.post(
            f"{api}/Number/{NUMBER}/", json={"app_id": made["app_id"]}, timeout=PATIENCE
        ).raise_for_status()
        browser.refresh()
        assert shows(browser, f"+{NUMBER}, answered by Ours")
        button(browser, "Call the number")
        asked = service.wait("/answer")[0]  # the second tells that it has ended
    assert asked.fields["To"] == NUMBER


def test_the_page_lives_without_a_reload(sandbox: Sandbox, browser: Chrome) -> None:
    assert shows(browser, "Nobody is here")
    sandbox.call_in("quiet-1", from_="+4930100", attributes={"muted": True})
    assert shows(browser, "+4930100")
    assert shows(browser, "muted")
    assert WebDriverWait(browser, PATIENCE).until(
        lambda _: browser.title == "Sandbox · 1 conference"
    )


def test_what_is_being_typed_stays(sandbox: Sandbox, browser: Chrome) -> None:
    sandbox.call_in("quiet-1", from_="+4930100", attributes={})
    assert shows(browser, "+4930100")
    fill(browser, "[name=text]", "half a sent")
    with Service() as service:
        sandbox.call_in("quiet-2", attributes={"callbackUrl": f"{service.url}/events"})
        assert shows(browser, "/events")
    box = browser.find_element(By.CSS_SELECTOR, "[name=text]")
    assert box.get_attribute("value") == "half a sent"


def test_a_fault_is_set_and_taken_away(sandbox: Sandbox, browser: Chrome) -> None:
    fill(browser, "#times", "3")
    button(browser, "Make it happen")
    assert shows(browser, "status 3 more")
    button(browser, "All well again")
    WebDriverWait(browser, PATIENCE).until(lambda _: "3 more" not in text(browser))
    assert sandbox.state()["faults"] == []


def test_what_is_refused_is_said(sandbox: Sandbox, browser: Chrome) -> None:
    browser.execute_script("document.querySelector('#status').type = 'text'")
    fill(browser, "#status", "soon")
    button(browser, "Make it happen")
    assert shows(browser, "'soon' does not fit")
    fill(browser, "#status", "500")
    fill(browser, "#actions", "speek")
    button(browser, "Make it happen")
    assert shows(browser, "did you mean 'speak'?")
    assert sandbox.state()["faults"] == []


def test_without_a_script_a_refusal_is_said_and_a_form_leads_back(sandbox: Sandbox) -> None:
    headers = {"Accept": "text/html"}
    sent = requests.post(
        f"{sandbox.url}/sandbox/faults", {"kind": "none"}, headers=headers, timeout=60
    )
    assert sent.history[0].status_code == 303
    assert "is no fault" in sent.text
    assert "is no fault" not in requests.get(sandbox.url, timeout=60).text


def test_a_button_keeps_focus_and_place(sandbox: Sandbox, browser: Chrome) -> None:
    sandbox.call_in("room", from_="+1000", attributes={})
    assert shows(browser, "+1000")
    fill(browser, "[name=digits]", "1")
    button(browser, "Press")
    active = "return document.activeElement.getAttribute('aria-label') || ''"
    WebDriverWait(browser, PATIENCE).until(
        lambda _: "digits of member" in browser.execute_script(active)
    )


def test_a_scenario_is_played_and_a_switch_is_set(browser: Chrome) -> None:
    with Sandbox(sound="off") as sandbox:  # of its own: a scenario goes on for a while
        browser.get(sandbox.url)
        button(browser, "quiet call")
        assert shows(browser, "quiet-call is being played")
        assert WebDriverWait(browser, PATIENCE).until(lambda _: sandbox.state()["conferences"])
        button(browser, "town hall")
        assert shows(browser, "is being played: wait for its end")
        Select(browser.find_element(By.ID, "switch")).select_by_value("retry_delay")
        fill(browser, "#position", "7")
        browser.find_element(By.CSS_SELECTOR, "#switches button").click()
        assert WebDriverWait(browser, PATIENCE).until(
            lambda _: sandbox.switches()["retry_delay"] == 7
        )
        browser.get("about:blank")
    browser.get_log("browser")


def test_reads_are_folded_away_and_a_row_tells_what_was_asked(
    sandbox: Sandbox, browser: Chrome
) -> None:
    call = sandbox.call_in("room", from_="+1000", attributes={})
    assert shows(browser, "+1000")
    member, api = members(sandbox, "room")[0]["id"], sandbox.options
    base = f"{sandbox.url}/v1/Account/{api.auth_id}/Conference/room/"
    auth = (api.auth_id, api.auth_token)
    requests.get(base, auth=auth, timeout=60)
    requests.post(f"{base}Member/{member}/Mute/", auth=auth, timeout=60)
    assert shows(browser, "Reads: 1 of late")
    assert "get conference" not in text(browser)
    browser.find_element(By.CSS_SELECTOR, "[id^=more-request] summary").click()
    assert shows(browser, f"POST /v1/Account/{api.auth_id}/Conference/room/Member/{member}/Mute/")
    sandbox.hang_up(call)


def test_a_recording_can_be_played(sandbox: Sandbox, browser: Chrome) -> None:
    call = sandbox.call_in("sales-1", attributes={"record": True})
    WebDriverWait(browser, PATIENCE).until(lambda _: members(sandbox, "sales-1"))
    sandbox.speak(call, "Good morning")
    sandbox.clock(advance=72)
    sandbox.hang_up(call)
    assert shows(browser, "1:12")
    assert shows(browser, "Good morning")
    player = browser.find_element(By.TAG_NAME, "audio")
    browser.execute_script("arguments[0].load()", player)
    length = WebDriverWait(browser, PATIENCE).until(
        lambda _: browser.execute_script("return arguments[0].duration || 0", player)
    )
    assert 71 < length < 73


def test_hostile_names_are_text(sandbox: Sandbox, browser: Chrome) -> None:
    evil = "<script>document.title='evil'</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"
    sandbox.call_in(evil, caller_name=evil, from_=evil, attributes={})
    assert shows(browser, evil)
    browser.get(f"{sandbox.url}/?error=you+are+fired&refused=you+are+fired")
    assert shows(browser, evil)
    assert "fired" not in text(browser)  # nothing of an address is said


def test_a_long_name_squeezes_nothing_out_of_sight(sandbox: Sandbox, browser: Chrome) -> None:
    sandbox.call_in("W" * 200, from_="W" * 200, caller_name="W" * 200, attributes={})
    assert shows(browser, "Hang up")
    button = browser.find_element(By.CSS_SELECTOR, "button.danger").rect
    assert button["x"] + button["width"] < browser.get_window_size()["width"]


def test_every_field_has_a_name_and_every_button_says_what_it_does(
    sandbox: Sandbox, browser: Chrome
) -> None:
    for caller in ("+1000", "+2000"):
        sandbox.call_in("room", from_=caller, attributes={})
        assert shows(browser, caller)

    def nameless() -> list[str | None]:
        fields = browser.find_elements(By.CSS_SELECTOR, "input, select, button")
        odd = [one for one in fields if one.is_displayed() and not one.accessible_name]
        return [one.get_attribute("outerHTML") for one in odd]

    def names() -> list[str]:
        return [
            one.accessible_name for one in browser.find_elements(By.CSS_SELECTOR, "main button")
        ]

    assert unmoved(nameless) == []
    told = unmoved(names)
    assert len(set(told)) == len(told) == 6  # each says whose it is
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_the_page_is_usable_on_a_narrow_screen(sandbox: Sandbox, browser: Chrome) -> None:
    sandbox.call_in("a-rather-long-name-of-a-conference" * 3, attributes={})
    assert shows(browser, "Hang up")
    browser.set_window_size(500, 900)
    wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(wider) <= 0
    cells = browser.find_elements(By.CSS_SELECTOR, "td.text")
    seen = [cell for cell in cells if cell.is_displayed()]
    assert min(cell.size["width"] for cell in seen) >= 100  # read in words, not letter by letter
    browser.set_window_size(1300, 1000)

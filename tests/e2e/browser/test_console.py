"""The console in a real browser, on a desk and on a phone, over a running `gavel up`."""

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from app.store.connection import connect
from bench.chaos.processes import free_port
from cli.up import embedded
from tests.app.console.test_recordings import recorded
from tests.e2e.browser.chromium import chromium
from tests.e2e.story.processes import Process, Sandbox, answers, bare_environment
from tests.waiting import PATIENCE, until

RULES = """
version: 1
lists:
  hosts: ["+14155550100"]
limits:
  - match: {conference: "board-*"}
    duration: 2h
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
"""
HOSTILE = "<img src=x onerror=alert(1)>"
TEXT = "return document.body?.innerText"  # none while a page begins
SIZES = {"desk": (1280, 800), "phone": (390, 844)}


@dataclass
class Running:
    """A `gavel up` with its sandbox, and how it is asked for a link."""

    up: Process
    url: str
    sandbox: Sandbox
    environ: dict[str, str]
    folder: Path

    def link(self) -> str:
        """One that signs in as an admin."""
        asked = Process(["-m", "cli", "login-link"], self.environ, self.folder)
        asked.process.wait(PATIENCE)
        asked.stop()
        found = re.search(r"http\S+once=\S+", asked.output)
        assert found, asked.output
        return found[0]


@pytest.fixture(scope="module")
def gavel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("console")
    (folder / "rules.yaml").write_text(RULES)
    port, control = free_port(), free_port()
    environ = bare_environment(PORT=str(port), SANDBOX_PORT=str(control))
    up = Process(["-m", "cli", "up"], environ, folder)
    url, sandbox = f"http://127.0.0.1:{port}", Sandbox(f"http://127.0.0.1:{control}")
    until(lambda: answers(f"{url}/readyz"), "ready")
    until(lambda: answers(sandbox.url), "the sandbox")
    yield Running(up, url, sandbox, environ, folder)
    up.stop(signal.SIGTERM)


@pytest.fixture(params=SIZES)
def browser(request: pytest.FixtureRequest) -> Iterator[Chrome]:
    """At the end it must have had nothing to complain of."""
    with chromium() as driver:
        driver.set_window_size(*SIZES[request.param])
        yield driver
        assert [one for one in driver.get_log("browser") if one["level"] == "SEVERE"] == []


def shows(browser: Chrome, part: str) -> bool:
    """Whether the page comes to show this by itself."""
    return WebDriverWait(browser, PATIENCE).until(
        lambda _: part in str(browser.execute_script(TEXT))
    )


def foreign(browser: Chrome, url: str) -> list[str]:
    """What the page asked of another host."""
    names = browser.execute_script("return performance.getEntries().map(entry => entry.name)")
    return [name for name in names if name.startswith("http") and not name.startswith(url)]


def narrowest(browser: Chrome, selector: str) -> float:
    """The width of the narrowest of these, in pixels."""
    return float(
        browser.execute_script(
            "return Math.min(...[...document.querySelectorAll(arguments[0])]"
            ".map(one => one.getBoundingClientRect().width))",
            selector,
        )
    )


def sideways(browser: Chrome) -> bool:
    """Must one scroll sideways?"""
    return bool(
        browser.execute_script(
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
    )


def test_from_the_link_to_what_is_live_and_what_waits(browser: Chrome, gavel: Running) -> None:
    browser.get(gavel.link())
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "Live")
    gavel.sandbox.call_in(HOSTILE)
    assert shows(browser, HOSTILE)  # by itself, and as a text
    assert not sideways(browser)
    browser.find_element(By.XPATH, f"//h3/a[normalize-space()='{HOSTILE}']").click()
    assert shows(browser, "Everyone joins muted")
    assert not sideways(browser)
    assert narrowest(browser, ".story .what") > 150  # pixels: a word has its place
    browser.find_element(By.CSS_SELECTOR, "a[href='/attention']").click()
    assert shows(browser, "Nothing needs you.")
    assert not sideways(browser)
    assert foreign(browser, gavel.url) == []
    browser.find_element(By.CSS_SELECTOR, ".menu summary").click()
    browser.find_element(By.CSS_SELECTOR, ".menu form button").click()
    assert shows(browser, "gavel login-link")


def press(browser: Chrome, button: str, within: str = "body") -> None:
    """Press a button, also one far down."""
    found = browser.find_element(
        By.XPATH, f"//*[@id='{within}' or name()='{within}']//button[normalize-space()='{button}']"
    )
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()


def follow(browser: Chrome, link: str) -> None:
    """Go where a link leads that comes to be on the page."""
    assert shows(browser, link)
    find = "return [...document.links].find(one => one.textContent.trim() === arguments[0]).click()"
    browser.execute_script(find, link)


def unfold(browser: Chrome, id: str) -> None:
    browser.execute_script("document.getElementById(arguments[0]).open = true", id)


def test_acting_by_hand_changes_what_plivo_has(browser: Chrome, gavel: Running) -> None:
    room = f"board-{browser.get_window_size()['width']}"
    sandbox = gavel.sandbox

    host, guest, late = "+14155550100", "+14155550111", "+14155550122"

    def muted() -> dict[str, bool]:
        """By who called: calls of one moment may come in in any order."""
        return {one["from"]: one["muted"] for one in sandbox.members(room)}

    sandbox.call_in(room, **{"from": host})
    sandbox.call_in(room, **{"from": guest})
    until(lambda: muted() == {host: True, guest: True}, "both joined muted")
    browser.get(gavel.link())
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    browser.find_element(By.XPATH, f"//h3/a[normalize-space()='{room}']").click()
    assert shows(browser, "Act by hand")
    press(browser, "Unmute", "act-mute")  # everyone but hosts
    assert shows(browser, "done.")
    until(lambda: muted() == {host: True, guest: False}, "all but the host are heard")
    browser.find_element(By.ID, "act-text").send_keys("Five <minutes> left {{ x }}")
    press(browser, "Say it", "act-say")
    sandbox.until_asked(room, "speak")
    press(browser, "Extend", "act-more")
    assert shows(browser, "extend by 5m: done.")
    assert shows(browser, "2:04:")  # of time left
    unfold(browser, "act-silence")
    browser.find_element(By.ID, "silence-reason").send_keys("they complain")
    press(browser, "Silence it", "act-silence")
    assert shows(browser, "is silenced here until")
    sandbox.call_in(room, **{"from": late})
    assert shows(browser, "1 did not apply")
    assert muted() == {host: True, guest: False, late: False}
    press(browser, "End it now", "main")
    assert shows(browser, "Nothing is.")
    assert not sideways(browser)
    unfold(browser, "act-hang-up")
    browser.find_element(By.ID, "hang-up-typed").send_keys(room)
    browser.find_element(By.ID, "hang-up-reason").send_keys("over")
    press(browser, "Hang up everybody", "act-hang-up")
    until(lambda: sandbox.members(room) == [], "everybody is out")
    assert shows(browser, "hang up the conference: done.")
    assert shows(browser, "ended")
    assert foreign(browser, gavel.url) == []


def test_rules_are_asked_and_silenced_and_an_ended_conference_is_found(
    browser: Chrome, gavel: Running
) -> None:
    room, number = f"sales-{browser.get_window_size()['width']}", "+442071838750"
    call = gavel.sandbox.call_in(room, **{"from": number})
    gavel.sandbox.until_asked(room, "mute")
    gavel.sandbox.hang_up(call)
    until(lambda: gavel.sandbox.members(room) == [], "the only one left")
    browser.get(gavel.link())
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    browser.find_element(By.CSS_SELECTOR, "a[href='/rules']").click()
    browser.find_element(By.ID, "try-event").send_keys("member.entered")
    browser.find_element(By.ID, "try-conference").send_keys("board-9")
    unfold(browser, "try-more")
    browser.find_element(By.ID, "try-member").send_keys("7")
    press(browser, "Ask", "try")
    assert shows(browser, "+ Everyone joins muted (line 9) applies")  # by itself
    assert shows(browser, "/Conference/board-9/Member/7/Mute/")
    assert not sideways(browser)
    follow(browser, "Ask something else")
    unfold(browser, "silence")
    browser.find_element(By.ID, "silence-reason").send_keys("they complain")
    press(browser, "Have it so", "silence-form")
    assert shows(browser, "silenced everywhere")
    assert not sideways(browser)
    press(browser, "End it now", "silences")
    assert shows(browser, "Nothing is silenced.")
    browser.find_element(By.CSS_SELECTOR, "a[href='/conferences']").click()
    browser.find_element(By.ID, "q").send_keys("2071838750")
    press(browser, "Find", "find")
    follow(browser, room)
    assert shows(browser, "Everyone joins muted")
    assert foreign(browser, gavel.url) == []


def press_play(browser: Chrome) -> None:
    """The button of the browser's own player, at its left."""
    player = browser.find_element(By.ID, "player")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", player)
    aside = 24 - player.rect["width"] // 2
    ActionChains(browser).move_to_element_with_offset(player, aside, 0).click().perform()


def test_a_recording_is_played_from_where_one_likes(browser: Chrome, gavel: Running) -> None:
    room, sandbox = f"talk-{browser.get_window_size()['width']}", gavel.sandbox

    def of_player(what: str) -> float:
        return float(browser.execute_script(f"return Number({what})"))

    call = sandbox.call_in(room)
    sandbox.until_asked(room, "mute")
    browser.get(gavel.link())
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    follow(browser, room)
    assert shows(browser, "Act by hand")
    press(browser, "Record", "act-more")
    sandbox.until_asked(room, "record")
    sandbox.speak(call, 20)
    sandbox.advance(1500)  # several parts
    sandbox.hang_up(call)
    listed = f"{gavel.url}/recordings?state=ready&conference={room}"

    def is_listed() -> bool:
        browser.get(listed)
        return "data-row" in browser.page_source

    until(is_listed, "it is ready")
    follow(browser, room)
    assert shows(browser, "Open at Plivo")
    assert not sideways(browser)
    press_play(browser)
    until(lambda: of_player("player.currentTime") > 0.1, "it plays")
    assert 1499 < of_player("player.duration") < 1510
    browser.execute_script("player.currentTime = 1400")
    until(lambda: of_player("player.currentTime") > 1401, "it plays from there")
    assert of_player("performance.getEntriesByType('resource').length") > 2
    assert foreign(browser, gavel.url) == []


def test_why_a_recording_does_not_play_is_told(browser: Chrome, gavel: Running) -> None:
    id = f"gone-{browser.get_window_size()['width']}"
    with connect(embedded.url(embedded.socket_path(gavel.folder / "var" / "valkey"))) as redis:
        there = "s3://acme/r1.mp3"
        recorded(redis, id, url=f"{gavel.sandbox.url}/nothing.mp3", archived_to=there)
    browser.get(gavel.link())
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "Live")
    browser.get(f"{gavel.url}/recordings/one?id={id}")
    press_play(browser)
    assert shows(browser, "a copy is at s3://acme/r1.mp3, which is not read from here")
    browser.get_log("browser")  # the answers that were meant


def test_a_link_signs_in_once(browser: Chrome, gavel: Running) -> None:
    link = gavel.link()
    browser.get(link)
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "Live")
    browser.delete_all_cookies()
    browser.get(link)
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "This link was used")
    browser.get_log("browser")  # the 401 that was meant

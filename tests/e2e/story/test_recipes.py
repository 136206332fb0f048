"""Recipes of the cookbook, played live: where callers are and what they hear, at the sandbox."""

from collections.abc import Mapping

from tests.doubles.plivo_edge import answer, plivo_edge
from tests.e2e.story.conftest import Gavel, Start
from tests.e2e.story.processes import ROOT
from tests.waiting import until

HOST, GUEST = "+14155550100", "+4930123456"
HOST_PIN, GUEST_PIN = "902417", "553108"

WAITS, MUTED, SPEAKS = (True, True), (False, True), (False, False)


def played(start: Start, name: str, **settings: str) -> Gavel:
    """Gavel at work by a recipe."""
    rules = ROOT / "docs" / "cookbook" / f"{name}.yaml"
    gavel = start(rules.read_text(encoding="utf-8"), **settings)
    gavel.until_ready()
    return gavel


def until_there_are(gavel: Gavel, conference: str, wanted: Mapping[str, object]) -> None:
    """Until just these calls are in, each waiting (or not) and muted (or not)."""

    def there() -> dict[str, object]:
        found = gavel.sandbox.members(conference)
        return {one["call_uuid"]: (one["waiting"], one["muted"]) for one in found}

    until(lambda: there() == wanted, lambda: f"{wanted} in {conference}, there is {there()}")


def until_over(gavel: Gavel, call: str, *heard: str) -> None:
    """Until the call has ended; it heard this last."""
    until(lambda: gavel.sandbox.call(call)["status"] == "completed", "the end of the call")
    assert gavel.sandbox.call(call)["heard"][-len(heard) :] == list(heard)


def enter(gavel: Gavel, call: str, pin: str) -> None:
    until(lambda: gavel.sandbox.call(call)["asked"], "the caller to be asked")
    gavel.sandbox.press(call, f"{pin}#")


def test_guests_of_a_board_meeting_wait_for_the_host_and_leave_with_them(start: Start) -> None:
    gavel = played(start, "board-meeting")
    guest = gavel.sandbox.call_in("board-1", **{"from": GUEST})
    until_there_are(gavel, "board-1", {guest: WAITS})
    host = gavel.sandbox.call_in("board-1", **{"from": HOST})
    until_there_are(gavel, "board-1", {guest: MUTED, host: SPEAKS})
    gavel.sandbox.press(guest, "*1")
    gavel.sandbox.press(host, "*1")
    until_there_are(gavel, "board-1", {guest: SPEAKS, host: SPEAKS})
    gavel.sandbox.press(host, "*2")
    until_there_are(gavel, "board-1", {guest: MUTED, host: SPEAKS})
    gavel.sandbox.hang_up(host)
    until_over(gavel, guest, "The meeting is over. Goodbye.")


def test_a_pin_makes_hosts_and_guests_and_keeps_others_out(start: Start) -> None:
    gavel = played(start, "pin-for-hosts-and-guests", HOST_PIN=HOST_PIN, GUEST_PIN=GUEST_PIN)
    stranger = gavel.sandbox.call_in("members-1", **{"from": "+15005550006"})
    for tries in range(1, 4):
        enter(gavel, stranger, "000000")
        told = ["That is not right."] * tries
        if tries < 3:
            until(lambda told=told: said(gavel, stranger) == told, "the wrong try to be told")
    until_over(gavel, stranger, "You can not join now. Goodbye.")
    guest = gavel.sandbox.call_in("members-1", **{"from": GUEST})
    enter(gavel, guest, GUEST_PIN)
    until_there_are(gavel, "members-1", {guest: WAITS})
    host = gavel.sandbox.call_in("members-1", **{"from": GUEST})  # by the PIN, not by the number
    enter(gavel, host, HOST_PIN)
    until_there_are(gavel, "members-1", {guest: MUTED, host: SPEAKS})
    gavel.sandbox.press(host, "*1")
    until_there_are(gavel, "members-1", {guest: SPEAKS, host: SPEAKS})
    gavel.sandbox.hang_up(host)
    until_over(gavel, guest, "The host has left. Goodbye.")


def test_a_vip_is_known_by_a_question_to_the_crm(start: Start) -> None:
    with plivo_edge() as crm:
        crm.answers(answer(200, {"vip": False}), answer(200, {"vip": True, "name": "Ada"}))
        recipe = (ROOT / "docs" / "cookbook" / "vip-by-question.yaml").read_text(encoding="utf-8")
        rules = recipe.replace("https://crm.example.com", crm.url)
        rules = rules.replace("expires_in: 5s", "expires_in: 5m")  # a busy machine may be slow
        secrets = {"CRM_WEBHOOK_SECRET": "whsec_aGk=", "ALLOW_PRIVATE_WEBHOOKS": "true"}
        gavel = start(rules, **secrets)
        gavel.until_ready()
        guest = gavel.sandbox.call_in("sales-1", **{"from": GUEST})
        until(
            lambda: asked(gavel, "speak") == [("Welcome.", [guest])],
            lambda: f"the guest to be greeted: {gavel.sandbox.asked('sales-1')}",
        )
        vip = gavel.sandbox.call_in("sales-1", **{"from": HOST})
        until(
            lambda: asked(gavel, "speak")[1:] == [("Ada is here.", [guest])],
            lambda: f"the guest to hear of the VIP: {gavel.sandbox.asked('sales-1')}",
        )
        welcome = "https://cdn.example.com/vip-welcome.mp3"
        assert asked(gavel, "play") == [(welcome, [vip])]
        assert [seen.json() for seen in crm.seen] == [{"number": GUEST}, {"number": HOST}]
        assert all(seen.headers["webhook-signature"] for seen in crm.seen)
        story = gavel.ask("why", "sales-1", "--json")
        assert '"size"' in story
        assert "Ada" not in story


def asked(gavel: Gavel, operation: str) -> list[tuple[str, list[str]]]:
    """What Plivo was asked to speak or play, and to which calls."""
    calls = {one["id"]: one["call_uuid"] for one in gavel.sandbox.members("sales-1")}
    return [
        (one["params"].get("text") or one["params"]["url"], [calls[id] for id in one["members"]])
        for one in gavel.sandbox.asked("sales-1")
        if one["operation"] == operation
    ]


def said(gavel: Gavel, call: str) -> list[str]:
    return [text for text in gavel.sandbox.call(call)["heard"] if text == "That is not right."]

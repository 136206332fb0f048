"""What there is in a rules file: its keys, and the keys of each entry, as they are checked."""

from typing import ClassVar

from app.callers.joining import ROLE
from app.yaml.schema_errors import Block
from app.yaml.schema_fields import (
    Choice,
    Duration,
    ExpressionText,
    Flag,
    Plain,
    Raw,
    Texts,
    Whole,
    Zone,
)
from workers.rules.language.asking import AskPin, Pin
from workers.rules.language.elements import Address, Steps, Windows, Words
from workers.rules.vocabulary.keyed import Keyed
from workers.rules.vocabulary.states import ENSURE

_CONFERENCE = {"conference": "write `match: {conference: ...}`"}


class LimitEntry(Keyed):
    hints: ClassVar[dict[str, str]] = _CONFERENCE
    match = Raw("The conferences it is for; only `conference`.", described={"type": "object"})
    duration = Duration("How long the conference may last.", required=True, low=1)
    hang_up = Flag("Hang the conference up then; true if not given.")


class Action(Address):
    redirect = Flag("The call goes on with the XML of this address; false if not given.")


class AnswerEntry(Keyed):
    hints: ClassVar[dict[str, str]] = _CONFERENCE
    match = Raw(
        "The conferences and callers it is for; everybody if not given.",
        described={"type": "object"},
    )
    role = Plain(
        "What these callers are, a word of yours: rules see it as `member.role`.",
        shape=ROLE.pattern,
        expected="a word of letters, digits, - and _",
    )
    schedule = Windows(
        "The hours in which the entry holds, by the clock of `timezone`: `mon-fri 09:00-17:00`, "
        "`22:00-06:00`, or a list; always if not given."
    )
    refuse = Words(
        "Turn these callers away with these words: a text, or `text`, `voice`, `language`."
    )
    ask_pin = Pin(
        "Ask for a PIN first: `is: {env: NAME}`, or `roles` with one for each role; `prompt`, and "
        "`tries`, `digits`, `wrong`, `closed`.",
        AskPin,
    )
    muted = Flag("Members join muted.")
    start_on_enter = Flag("The conference starts when this member enters.")
    end_on_exit = Flag("The conference ends when this member leaves.")
    stay_alone = Flag("The last member may stay alone.")
    max_members = Whole("At most this many members.", 1, 20)
    time_limit = Duration("Plivo's own limit, in whole seconds.", low=1, high=86400)
    record = Flag("Record from the first member on.")
    record_format = Choice("The file.", "mp3", "wav")
    record_when_alone = Flag("Record also while one member is alone.")
    transcribe = Flag("Have Plivo transcribe the recording.")
    transcription_type = Choice(
        "How it is transcribed; auto if not given.", "auto", "hybrid", "manual"
    )
    transcription_method = Choice("How Plivo brings it; POST if not given.", "GET", "POST")
    callback_method = Choice("How Plivo brings its callbacks; POST if not given.", "GET", "POST")
    digits_match = Texts(
        "The digits that Plivo reports; if not given, those the rules wait for.",
        expected="digits",
    )
    floor_event = Flag("Report who speaks; if not given, when a rule waits for it.")
    hang_up_on_star = Flag("A member leaves by pressing the star.")
    wait_sound = Plain(
        "Address of what is heard while waiting.",
        shape=r"https?://\S+",
        expected="an http or https address",
    )
    enter_sound = Plain(
        "`beep:1`, `beep:2` or an address.",
        shape=r"beep:[12]|https?://\S+",
        expected="beep:1, beep:2 or an address",
    )
    exit_sound = Plain(
        "`beep:1`, `beep:2` or an address.",
        shape=r"beep:[12]|https?://\S+",
        expected="beep:1, beep:2 or an address",
    )
    relay_dtmf = Flag("The others hear digits that are pressed.")
    send_digits = Plain(
        "Digits that are sent to the call as it joins.",
        shape=r"[0-9*#wW]+",
        expected="digits, *, # and w",
    )
    action = Block(
        "An address of yours that Plivo tells when the member leaves: `url`, `method`; with "
        "`redirect: true` the call goes on with its XML.",
        Action,
    )
    then = Steps(
        "What the call goes on with after the conference: `speak`, `play`, `redirect`, "
        "`hang_up`; one, or a list."
    )


class RuleEntry(Keyed):
    hints: ClassVar[dict[str, str]] = {
        "on": "a rule waits with `when`",
        "then": "a rule acts with `do`",
        "conditions": "conditions are `match` and `if`",
        "actions": "actions are listed under `do`",
        "else": "`else` goes beside `choose` or `wait_for`: indent it as they are",
        "expires_in": "`expires_in` goes beside an action",
        "on_error": "`on_error` goes beside an action",
        **{
            key: f"`{key}` goes at the left edge of the file, beside `rules`"
            for key in ("vars", "lists", "limits", "conferences", "timezone")
        },
    }
    name = Plain("What the rule is called, in the journal and on the terminal.", required=True)
    description = Plain("More about it.")
    when = Raw("What it waits for: one trigger, or a list: any of them.", required=True)
    match = Raw("What must hold of the event: every key.", described={"type": "object"})
    condition = ExpressionText("One expression for what `match` cannot say.", data_key="if")
    do = Raw("What is done, in order.", required=True)
    once = Choice("At most once: for each conference, or each member.", "conference", "member")
    cooldown = Duration("Not again in this conference for that long.")
    enabled = Flag("false: the rule rests.")
    dry_run = Flag("Everything but the calls; recorded as such.")


class EnsureEntry(Keyed):
    hints: ClassVar[dict[str, str]] = {
        key: f"{key} is for rules that wait for something; what is ensured needs a rule of its own"
        for key in ("when", "do", "once", "cooldown")
    }
    name = RuleEntry._declared_fields["name"]
    description = RuleEntry._declared_fields["description"]
    match = Raw(
        "Where it is ensured: `conference`, and what else is known without an event.",
        described={"type": "object"},
    )
    condition = ExpressionText("While this holds; always if not given.", data_key="if")
    ensure = Block("What shall be so.", ENSURE, required=True)
    enabled = RuleEntry._declared_fields["enabled"]
    dry_run = RuleEntry._declared_fields["dry_run"]


class File(Keyed):
    version = Choice("The version of the language.", "1", name="version", required=True)
    timezone = Zone("For schedules and times; UTC if not given.")
    lists = Raw("Lists of texts, by name.")
    vars = Raw("What rules remember of a conference, by name: see *What rules remember*.")
    limits = Raw("Time limits: the first that matches.")
    rules = Raw("The rules.", required=True)
    conferences = Raw("How callers join: the first that matches.")

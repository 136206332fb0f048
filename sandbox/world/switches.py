"""What nobody outside Plivo knows for certain: one switch for each such fact, with its default.

The numbers are those of sections of docs/plivo.md. The metadata of each
field is what docs/sandbox.md prints and what the control API checks.
"""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from typing import Any

from sandbox.world.errors import BadParameter

Value = str | bool | float


def choice(default: str, others: str, about: str) -> Any:
    """A switch with named positions; the default is the first of them."""
    return field(default=default, metadata={"choices": (default, *others.split()), "about": about})


def flag(default: bool, about: str) -> Any:
    """A switch that is on or off."""
    return field(default=default, metadata={"about": about})


def amount(default: float, about: str) -> Any:
    """A switch that is a number, not negative."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The positions of all switches; `changed` gives a copy with some of them set."""

    # requests to the service
    profile: str = choice(
        "rich",
        "documented minimal_exit",
        "fields of callbacks (11.11): rich has all that was ever seen; documented only what the "
        "page lists; minimal_exit is rich with an exit that says no more than who left",
    )
    signatures: str = choice("all", "v3 ma_v3 v2 none", "signature headers that are sent (11.3)")
    signed_post: str = choice(
        "sdk", "documented", "form of V3 over a POST to a URL without query (11.1)"
    )
    signed_url: str = choice(
        "without_fragment", "with_fragment", "is the fragment signed too (11.14)"
    )
    unsigned: str = choice(
        "none", "answer recording transcription", "requests that come without signature (11.2)"
    )
    callback_order: str = choice(
        "concurrent", "ordered", "concurrent: each callback on its own, as soon as it happens; "
        "ordered: one after the other for each conference (6)",
    )  # fmt: skip
    retry_delay: float = amount(1.0, "seconds between two tries of one callback (11.13)")
    answer_tries: str = choice(
        "three", "policy", "an answer URL without fragment: three tries, or as callbacks (27.16)"
    )
    retry_nonce: str = choice("new", "same", "the nonce of a second try (11.13)")
    wait_sound_method: str = choice("POST", "GET", "how sound URLs are fetched (11.19)")
    caller_name: str = choice("plain", "encoded", "caller_name as it is, or percent-encoded (10)")
    floor_on_first_entry: bool = flag(False, "the first member to enter holds the floor (2.2 e)")
    record_event_call_uuid: str = choice(
        "absent", "empty present", "CallUUID of record callbacks (2.1)"
    )
    record_event_url: str = choice(
        "RecordUrl", "RecordFile", "name of the URL when a recording stops (11.12)"
    )
    record_event_duration: str = choice(
        "absent", "zero minus_one", "RecordingDuration when a recording starts (11.12)"
    )
    record_event_for_api: bool = flag(
        False, "recordings begun over the API also send record callbacks to callbackUrl (2.1)"
    )

    # recordings and transcripts
    recording_callback_shape: str = choice(
        "flat", "response_json json camel", "shape of the Record API's callback (11.4)"
    )
    record_answer: str = choice(
        "async", "sync", "answer to Record with a callback_url: without or with its id (11.9)"
    )
    record_posts_started: bool = flag(
        True, "the answer of an asynchronous Record also goes to callback_url (11.5)"
    )
    second_record: str = choice(
        "same", "conflict new", "a second Record: the same recording, 409, or another one (7.3)"
    )
    recorded_prompts: str = choice(
        "any", "for_all", "recordings hear every Speak and Play, or only those for `all`"
    )
    recording_file_delay: float = amount(
        0.0, "seconds that the file stays away after its callback (9)"
    )
    recording_list_delay: float = amount(
        0.0, "seconds after its end from which the Recording API tells of a recording (21.5)"
    )
    list_running_recordings: bool = flag(
        False, "the Recording API lists recordings that still run (21.5)"
    )
    recording_auth: bool = flag(False, "files want HTTP Basic, as a switch of the console does (9)")
    transcription_shape: str = choice("flat", "response_json json", "shape of the callback (4)")
    transcription_order: str = choice(
        "after", "before", "the transcript comes after or before the recording callback (4)"
    )
    transcription_delay: float = amount(2.0, "seconds from the end of a recording to its text (4)")

    empty_digits: str = choice(
        "omit_request", "send_empty", "GetDigits that only its finish key ended (22.1)"
    )

    # conferences
    member_ids: str = choice(
        "continue", "restart", "ids count on in the account, or begin anew per conference (12.6)"
    )
    stay_alone_default: bool = flag(True, "stayAlone when the XML does not say (11.10)")
    list_waiting: bool = flag(True, "GET lists members held before the start (10)")
    time_limit_end: str = choice(
        "exits", "silent", "what timeLimit sends: an exit per member, or nothing (11.24)"
    )
    hang_up_conference: str = choice(
        "ends_calls", "next_element", "what DELETE Conference does to the calls (22.7)"
    )
    max_members: float = amount(20, "members of one conference at most (11.23)")
    name_limit: float = amount(0, "characters of a conference's name at most; 0: no limit (11.22)")
    name_case: str = choice("sensitive", "insensitive", "case of conference names (1)")

    # answers of the API
    member_id_answer: str = choice("list", "text repr", "member_id in answers (11.6)")
    delete_answer: str = choice("empty", "docs", "DELETE: 204 empty, or 200 with JSON (11.7)")
    error_body: str = choice("json", "text empty", "body of errors (11.8)")
    async_status: str = choice("200", "201 202", "status of asynchronous answers (11.9)")
    numbers: str = choice("integer", "decimal", 'text of run and join times: "590" or "590.0" (10)')
    unknown_in_list: str = choice(
        "partial_ok", "not_found", "a list of member ids with unknown ones in it (11.16)"
    )
    list_to_kick: str = choice(
        "allowed", "refused", "comma lists for Kick and member hang-up (11.15)"
    )
    stop_form: str = choice(
        "strict", "lenient", "Stop must name the target in the form of the start (7.3)"
    )
    missing_slash: str = choice("serve", "redirect not_found", "a path without last slash (11.17)")
    empty_name: str = choice(
        "not_found", "all", "a path with Conference//: no conference, or all of them (27.27)"
    )
    foreign_account: str = choice("unauthorized", "not_found", "path of another account (12.1)")
    retry_after: float = amount(0, "Retry-After of 429 in seconds; 0: no such header (11.21)")
    voice_pair: str = choice("accept", "reject", "Speak with a voice its language lacks (7.3)")
    speak_limit: float = amount(0, "characters of Speak's text at most; 0: no limit (7.3)")

    def to_json(self) -> dict[str, Value]:
        return asdict(self)

    def changed(self, wanted: Mapping[str, object]) -> "Switches":
        """A copy with these set; BadParameter names an unknown switch or position."""
        known = {item.name: item for item in fields(self)}
        for name in wanted:
            if name not in known:
                raise BadParameter(f"{name}: no such switch; there are {', '.join(sorted(known))}")
        values: dict[str, Any] = {name: _read(known[name], wanted[name]) for name in wanted}
        return replace(self, **values)


def _read(item: Field[Any], value: object) -> Value:
    choices: tuple[str, ...] | None = item.metadata.get("choices")
    text = str(value)
    if choices is not None:
        if text in choices:
            return text
        raise BadParameter(f"{item.name}: {text!r} is not one of {', '.join(choices)}")
    if isinstance(item.default, bool):
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        raise BadParameter(f"{item.name}: {text!r} is neither true nor false")
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if 0 <= number < 1e9:
        return number
    raise BadParameter(f"{item.name}: {text!r} is not a number from 0 up")

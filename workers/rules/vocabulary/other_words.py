"""Words of other tools for what is called otherwise here: what a suggestion goes by before it looks
at letters, for `member.joined` is nearer to `member.alone` by its letters.

Keys are small, with `_` between words; see `app.domain.suggest.plain_word`.
"""

from collections.abc import Mapping

TRIGGERS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("member.joined", "member.join", "member.enter", "member.connected", "member.started"),
            *("participant.joined", "participant.join", "participant_join", "participant_joined"),
            *("caller.joined", "caller.entered", "call.answered", "conferenceenter", "enter"),
            *("conference.enter", "conference.entered", "conference.joined", "conference_enter"),
        ),
        "member.entered",
    ),
    **dict.fromkeys(
        (
            *("member.left", "member.leave", "member.exit", "member.disconnected", "member.ended"),
            *("participant.left", "participant_leave", "participant_left", "caller.left"),
            *("conferenceexit", "conference_exit", "conference.exit", "exit", "member.hung_up"),
        ),
        "member.exited",
    ),
    **dict.fromkeys(
        ("member.dtmf", "dtmf", "digits", "member.pressed", "conference.digits", "member.key"),
        "member.digits",
    ),
    **dict.fromkeys(
        ("member.talking", "member.spoke", "member.floor", "floor", "conference.floor"),
        "member.speaking",
    ),
    **dict.fromkeys(
        ("conference.created", "conference.begin", "conference.began", "conference.opened"),
        "conference.started",
    ),
    **dict.fromkeys(
        ("conference.finished", "conference.empty", "conference.closed", "conference.completed"),
        "conference.ended",
    ),
    **dict.fromkeys(("cron", "at", "time"), "schedule"),
    **dict.fromkeys(("conference.interval", "every", "interval"), "conference.every"),
    **dict.fromkeys(("timer", "after", "elapsed", "conference.after"), "conference.elapsed"),
    "time_left": "conference.time_left",
    "conference.member_count": "conference.members",
    **dict.fromkeys(
        ("recording.completed", "recording.finished", "recording.done", "recording.available"),
        "recording.ready",
    ),
    **dict.fromkeys(("transcription.completed", "transcription.done"), "transcription.ready"),
    **dict.fromkeys(("webhook", "http", "api"), "trigger"),
    **dict.fromkeys(("action.error", "step.failed", "error"), "action.failed"),
}

ACTIONS: Mapping[str, str] = {
    **dict.fromkeys(("say", "announce", "tts", "speech", "talk"), "speak"),
    **dict.fromkeys(("delay", "sleep", "pause"), "wait"),
    **dict.fromkeys(("wait_template", "wait_until", "wait_for_trigger", "gather"), "wait_for"),
    **dict.fromkeys(("start_recording", "record_conference"), "record"),
    **dict.fromkeys(("stop_record", "end_recording", "pause_recording"), "stop_recording"),
    **dict.fromkeys(
        ("hangup", "end_conference", "end_call", "end", "disconnect", "terminate"), "hang_up"
    ),
    **dict.fromkeys(("remove", "eject", "drop"), "kick"),
    **dict.fromkeys(("increment", "assign", "set_var", "set_variable", "variables"), "set"),
    **dict.fromkeys(("if", "switch", "case", "conditions"), "choose"),
    **dict.fromkeys(("debug", "print", "echo"), "log"),
    **dict.fromkeys(("http", "post", "request", "notify", "slack", "email"), "webhook"),
    **dict.fromkeys(("upload", "store", "save"), "archive"),
    **dict.fromkeys(("playback", "play_audio"), "play"),
    **dict.fromkeys(("emit", "fire", "event"), "trigger"),
    **dict.fromkeys(("extend_limit", "extend_time"), "extend"),
}

OPERATORS: Mapping[str, str] = {
    **dict.fromkeys(("equals", "equal", "eq", "==", "=", "equal_to", "exactly"), "is"),
    **dict.fromkeys(("ne", "!=", "neq", "not_equal", "is_not", "isnt", "not_equals"), "not"),
    **dict.fromkeys(("gt", ">", "more_than", "greater_than", "over", "greater"), "above"),
    **dict.fromkeys(("lt", "<", "less_than", "under", "less", "fewer_than"), "below"),
    **dict.fromkeys(("gte", ">=", "ge", "min", "minimum", "from"), "at_least"),
    **dict.fromkeys(("lte", "<=", "le", "max", "maximum", "to"), "at_most"),
    **dict.fromkeys(("matches", "match", "re", "regexp", "pattern"), "regex"),
    **dict.fromkeys(("one_of", "any", "any_of", "oneof"), "in"),
    **dict.fromkeys(("none_of", "nin"), "not_in"),
    **dict.fromkeys(("includes", "has", "word"), "contains"),
}

OPERATOR_HINTS: Mapping[str, str] = {
    **dict.fromkeys(
        ("starts_with", "startswith", "starting_with", "prefix", "begins_with"),
        "a text that begins so is written as a glob: 'sales-*'",
    ),
    **dict.fromkeys(
        ("ends_with", "endswith", "ending_with", "suffix"),
        "a text that ends so is written as a glob: '*-sales'",
    ),
    **dict.fromkeys(("glob", "like"), "a glob is written without an operator"),
    **dict.fromkeys(
        ("exists", "defined", "present"),
        "whether a field is there is asked in `if`: `... is defined`",
    ),
    **dict.fromkeys(("between", "range"), "write `at_least` and `at_most`"),
}

KEYS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("alias", "title", "rule", "label", "id"), ("name",)),
    **dict.fromkeys(("action", "tasks", "sequence", "run", "step", "then"), ("do",)),
    **dict.fromkeys(("triggers", "event", "events", "on", "trigger"), ("when",)),
    **dict.fromkeys(("conditions", "condition", "elif", "elsif", "case"), ("if",)),
    **dict.fromkeys(("default", "otherwise"), ("else",)),
    **dict.fromkeys(("filter", "filters", "where"), ("match",)),
    **dict.fromkeys(("message", "say", "content", "words", "prompt", "msg"), ("text",)),
    **dict.fromkeys(("target", "member", "members", "who", "whom", "for"), ("to", "timeout")),
    **dict.fromkeys(
        ("file", "src", "source", "audio", "sound", "uri", "link", "address", "href"), ("url",)
    ),
    **dict.fromkeys(("url", "destination", "dest", "bucket", "path", "target_url"), ("to",)),
    **dict.fromkeys(("body", "data", "payload", "params"), ("json",)),
    **dict.fromkeys(("lang", "locale"), ("language",)),
    **dict.fromkeys(("gender", "speaker"), ("voice",)),
    **dict.fromkeys(("from", "whose"), ("by",)),
    **dict.fromkeys(("auth", "header", "authorization"), ("headers",)),
    **dict.fromkeys(("ignore_errors", "continue_on_error", "on_failure"), ("on_error",)),
    **dict.fromkeys(("wait_url", "hold_music", "music_on_hold", "music"), ("wait_sound",)),
    **dict.fromkeys(("max_participants", "maximum_members", "capacity"), ("max_members",)),
    **dict.fromkeys(("status_callback", "callback_url"), ("action",)),
    **dict.fromkeys(("variables", "vars"), ("set",)),
    **dict.fromkeys(("moderator", "profile", "tag"), ("role",)),
    **dict.fromkeys(("beep", "entry_sound"), ("enter_sound",)),
    **dict.fromkeys(("max_duration", "time", "limit", "length", "max"), ("duration", "timeout")),
    **dict.fromkeys(("time_zone", "tz"), ("timezone",)),
    **dict.fromkeys(("disabled", "active"), ("enabled",)),
    **dict.fromkeys(("throttle", "debounce"), ("cooldown",)),
    **dict.fromkeys(("tests", "automations", "automation", "playbook"), ("rules",)),
}

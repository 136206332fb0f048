"""Every metric: its name, what it means, its labels. docs/metrics.md is held to these rows.

`CLUSTER` is what Redis keeps for all processes together, told by `/metrics/cluster`; every web
server tells the same of it. `INSTANCE` is what one web server counts itself, told by `/metrics`.
No label ever has the name of a conference, a number or an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.metrics.counting import STORE_STEPS, Counted, Histogram

MOST_RULES = 200
"""So many rules are counted by their names; with more, no rule is."""

BY_HAND, TIME_LIMIT = "by hand", "time limit"
"""In the place of a rule's name: what a person asked for, and the hang-up at a limit."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What stands now, with its labels."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


ACCEPTED = Counted("gavel_events_accepted_total", "Events stored.")
DUPLICATE = Counted("gavel_events_duplicate_total", "Events that came again and changed nothing.")
UNREADABLE = Counted(
    "gavel_callback_fields_unreadable_total",
    "Fields of accepted callbacks that could not be read and were left out.",
)
ANSWER_UNREADABLE = Counted(
    "gavel_answer_fields_unreadable_total",
    "Fields of the Conference API's answers that could not be read and were left out.",
)
REFUSED = Counted("gavel_requests_refused_total", "Requests refused, by HTTP status.", ("status",))
DECIDED = Counted(
    "gavel_events_decided_total", "Events held against the rules, by kind.", ("kind",)
)
SET_ASIDE = Counted("gavel_events_set_aside_total", "Events that could not be decided.")
ROWS = Counted(
    "gavel_rows_set_aside_total",
    "Rows in Redis that could not be read and were set aside, by what they were.",
    ("row",),
)
RUNS = Counted(
    "gavel_runs_total",
    "Rules held against an event, by outcome, and by rule unless it was skipped.",
    ("outcome", "rule"),
)
CALLS = Counted(
    "gavel_calls_total",
    "What became of each try of a call, webhooks included, by verb and status.",
    ("verb", "status"),
)
GIVEN_UP = Counted(
    "gavel_calls_given_up_total", "Calls that were given up, by verb and why.", ("verb", "reason")
)
FIRED = Counted("gavel_timers_fired_total", "Timers that became events.")
TAKEN_OVER = Counted(
    "gavel_lease_takeovers_total", "Turns that a worker began and another one took over."
)
STARTED = Counted("gavel_conferences_started_total", "Conferences that started.")
ENDED = Counted(
    "gavel_conferences_ended_total", "Conferences that ended, by how that was known.", ("reason",)
)
ENDED_BY = {"member.exited": "last_left", "conference.observed": "not_at_plivo"}
"""By the event that told of a conference's end, its reason; of any other: `REUSED`."""

REUSED = "name_reused"

CORRECTED = ("conference.started", "conference.ended", "member.entered", "member.exited")
"""What Plivo's list can correct."""

RECORDINGS = Counted(
    "gavel_recordings_total", "Recordings that were started, ready or missing.", ("state",)
)
CORRECTIONS = Counted(
    "gavel_reconcile_corrections_total",
    "What Plivo's own list told and no callback had, by what occurred.",
    ("kind",),
)
PLIVO_REQUESTS = Counted(
    "gavel_plivo_requests_total",
    'Requests to the Conference API, by verb and HTTP status, "none" without an answer.',
    ("verb", "code"),
)
WEBHOOK_REQUESTS = Counted(
    "gavel_webhook_requests_total",
    "Webhooks sent, by the class of the HTTP status, no_answer or not_sent.",
    ("outcome",),
)
ARCHIVED_BYTES = Counted(
    "gavel_archive_bytes_total", "Bytes of recordings that were copied, once for each copy."
)
PIN_TRIES = Counted(
    "gavel_pin_tries_total",
    "PINs that callers were asked for: right, wrong, or closed (there were too many wrong ones).",
    ("outcome",),
)
LOGINS = Counted("gavel_console_logins_total", "Sign-ins to the console.", ("outcome",))
OPERATOR_ACTIONS = Counted(
    "gavel_operator_actions_total", "What people changed by hand, by verb.", ("verb",)
)
STORE_ERRORS = Counted("gavel_store_errors_total", "Errors of Redis, by kind.", ("kind",))
COUNTERS = (
    *(ACCEPTED, DUPLICATE, UNREADABLE, ANSWER_UNREADABLE, REFUSED, DECIDED, SET_ASIDE, ROWS, RUNS),
    *(CALLS, GIVEN_UP, FIRED, TAKEN_OVER, STARTED, ENDED, RECORDINGS, CORRECTIONS),
    ARCHIVED_BYTES,
    *(PLIVO_REQUESTS, WEBHOOK_REQUESTS, PIN_TRIES, LOGINS, OPERATOR_ACTIONS, STORE_ERRORS),
)

LATENCY = Histogram(
    "gavel_callback_to_call_seconds",
    "From the acceptance of an event to the end of a call it led to.",
)
INBOX_WAIT = Histogram(
    "gavel_inbox_wait_seconds",
    "From the acceptance of an event to its decision; timers apart.",
)
DECISION = Histogram(
    "gavel_decision_duration_seconds", "How long events that were decided together took."
)
LATENESS = Histogram("gavel_timer_lateness_seconds", "From when a timer was due to its decision.")
PLIVO_SECONDS = Histogram(
    "gavel_plivo_request_duration_seconds",
    "How long a request to the Conference API took, answered or not.",
    ("verb",),
)
WEBHOOK_SECONDS = Histogram(
    "gavel_webhook_request_duration_seconds", "How long a webhook took, answered or not."
)
HISTOGRAMS = (
    *(LATENCY, INBOX_WAIT, DECISION, LATENESS, PLIVO_SECONDS, WEBHOOK_SECONDS, STORE_STEPS),
)

GAUGES = (
    Gauge("gavel_inbox_units", "Conferences with something to do."),
    Gauge("gavel_inbox_events", "Events that wait to be decided."),
    Gauge("gavel_inbox_oldest_age_seconds", "How long the oldest of them has waited."),
    Gauge("gavel_timers_set", "Timers that are set."),
    Gauge("gavel_timers_due", "Timers that are due and not fired yet."),
    Gauge("gavel_conferences_live", "Live conferences."),
    Gauge("gavel_conference_members", "Members of all live conferences."),
    Gauge("gavel_set_aside_waiting", "Events and rows set aside that nobody has dropped yet."),
    Gauge("gavel_given_up_waiting", "Calls given up that nobody has made again or dropped yet."),
    Gauge(
        "gavel_queue_jobs",
        "RQ's jobs by queue and state: wake-ups in gavel, copies of recordings in recordings.",
        ("queue", "state"),
    ),
    Gauge(
        "gavel_silences",
        "Silences that hold now, of one rule or of every rule.",
        ("scope",),
    ),
    Gauge("gavel_rules_broken", "1 while the rules file is broken and the last good ones run."),
    Gauge("gavel_rules_info", "1 for the rules that run; absent without rules.", ("digest",)),
    Gauge("gavel_rules_taken_timestamp_seconds", "When these rules were taken."),
    Gauge("gavel_rules_versions", "How many different rules processes work by: 1 is right."),
    Gauge("gavel_workers_alive", "Worker processes that gave a sign of life within 5 s."),
    Gauge("gavel_worker_turns", "Turns of all workers, busy or idle.", ("state",)),
    Gauge("gavel_budget_calls_limit", "Calls that the account's budget allows in its window."),
    Gauge("gavel_budget_calls_remaining", "Calls of it that are left now."),
)
CLUSTER = (*COUNTERS, *HISTOGRAMS, *GAUGES)

HTTP_REQUESTS = Counted(
    "gavel_http_requests_total",
    "Requests answered, by route, method and HTTP status.",
    ("route", "method", "code"),
)
SIGNATURE_FAILURES = Counted(
    "gavel_signature_failures_total",
    "Requests of Plivo's whose signature is missing, without a nonce or wrong.",
    ("route", "reason"),
)
HTTP_SECONDS = Histogram(
    "gavel_http_request_duration_seconds",
    "From the first of our code to the answer, by route.",
    ("route",),
)
BUILD = Gauge("gavel_build_info", "1 for the version that runs.", ("version",))
THREADS = Gauge("gavel_web_threads", "Threads of this web server, busy or idle.", ("state",))
REDIS_UP = Gauge("gavel_redis_up", "1 when Redis answered this web server just now.")
INSTANCE = (HTTP_REQUESTS, SIGNATURE_FAILURES, HTTP_SECONDS, BUILD, THREADS, REDIS_UP)

CLUSTER_NAMES = tuple(one.name for one in CLUSTER)
INSTANCE_NAMES = tuple(one.name for one in INSTANCE)

MOVED: Mapping[str, str] = {
    **{one.name: one.name for one in (ACCEPTED, DUPLICATE, UNREADABLE, ANSWER_UNREADABLE, REFUSED)},
    **{one.name: one.name for one in (DECIDED, SET_ASIDE, ROWS, RUNS, CALLS, FIRED, STORE_ERRORS)},
    "gavel_changes_by_hand_total": OPERATOR_ACTIONS.name,
    LATENCY.name: LATENCY.name,
    "gavel_inbox_units": "gavel_inbox_units",
    "gavel_inbox_events": "gavel_inbox_events",
    "gavel_inbox_oldest_seconds": "gavel_inbox_oldest_age_seconds",
    "gavel_timers_set": "gavel_timers_set",
    "gavel_timers_due": "gavel_timers_due",
    "gavel_conferences_live": "gavel_conferences_live",
    "gavel_events_set_aside": "gavel_set_aside_waiting",
    "gavel_silences": "gavel_silences",
    "gavel_rules_broken": "gavel_rules_broken",
    "gavel_rules_loaded": "gavel_rules_info",
}
"""Names that `/metrics` had before it was split, and what they are called at `/metrics/cluster`.
`/metrics` tells them for one more version."""

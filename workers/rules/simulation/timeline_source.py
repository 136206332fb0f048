"""`rules_test.yaml` as values: strict, with every mistake told at its place."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from app.domain.suggest import did_you_mean, quoted
from app.yaml.document import parse
from app.yaml.problems import Place, Report
from app.yaml.schema_errors import Block
from app.yaml.tree import Map, Seq, Text
from workers.rules.engine.index import Rules
from workers.rules.nodes.targets_as_written import Members
from workers.rules.nodes.templates_as_written import Templated
from workers.rules.simulation.simulator import TIMEOUT
from workers.rules.simulation.timeline_known import Known
from workers.rules.simulation.timeline_order import rearranged
from workers.rules.simulation.timeline_values import EVENTS, WRITTEN, Case, Expected, Moment
from workers.rules.vocabulary.action import Action
from workers.rules.vocabulary.actions import ACTIONS, CALLS, VERBS
from workers.rules.vocabulary.triggers import EVENTS as KINDS_OF_EVENTS

DEFAULT_START = datetime(2026, 1, 5, 9, 0)
"""A Monday morning."""

_TESTS = frozenset({"name", "start", "until", "timeline", "expect", "expect_nothing_else"})
_RESTARTED = ("workers", "web", "redis", "everything")
_MOVES = ("restart", "duplicate", "swap", "drop", "plivo", "webhook")
_NOBODY = frozenset(Members.words) - {"all"}
"""Words of rules that name no member in a call."""
_ANSWERED = frozenset({"url", "status", "json", "body"})


def read_cases(text: str, path: str, rules: Rules) -> tuple[Case, ...]:
    """The tests of these rules. Raises `FileError` with everything that is wrong in the file."""
    report = Report(path)
    root = parse(text, report)
    reader = _Reader(report, rules)
    cases: tuple[Case, ...] = ()
    if isinstance(root, Map):
        reader.only(root, {"tests", "version"}, "a file of tests")
        tests = root.find("tests")
        if isinstance(tests, Seq) and not tests:
            report.error(tests, "there is no test in this file")
        cases = tuple(reader.case(node) for node in reader.items(tests, root, "tests"))
    else:
        report.error(root or Place(1, 1), "a file of tests begins with `tests:`")
    report.raise_errors()
    return cases


_SHOWN = ("muted", "deaf")
"""What Plivo's list shows of a member beside who it is."""


class _Reader(Known):
    """Reads tests; what it cannot use it reports and goes on."""

    def case(self, node: Any) -> Case:
        if not isinstance(node, Map):
            self.report.error(node, "a test is a mapping with name, timeline and expect")
            return Case("", 0.0, (), ())
        self.only(node, _TESTS, "a test")
        moments = [
            moment
            for entry in self.items(node.find("timeline"), node, "timeline")
            if (moment := self.moment(entry)) is not None
        ]
        for before, after in pairwise(moments):
            if after.at < before.at:
                self.report.error(Place(after.line, 1), "a timeline does not go back in time")
        expected = [
            wanted
            for entry in self.items(node.find("expect"), node, "expect")
            if (wanted := self.expected(entry)) is not None
        ]
        nothing_else = node.find("expect_nothing_else")
        until = node.find("until")
        return Case(
            name=self.text(node.find("name") or Text("a test without a name")),
            start=self.start(node.find("start")),
            moments=tuple(rearranged(moments, self.report)),
            expected=tuple(expected),
            nothing_else=nothing_else is not None and self.flag(nothing_else),
            until=None if until is None else self.seconds(until),
            line=node.line,
        )

    def start(self, node: Any) -> float:
        try:
            moment = DEFAULT_START if node is None else datetime.fromisoformat(self.text(node))
            return moment.replace(tzinfo=self.rules.timezone).timestamp()
        except (ValueError, OverflowError):
            self.report.error(node, 'expected a local time such as "2026-03-28 08:55"')
            return 0.0

    # The timeline

    def moment(self, node: Any) -> Moment | None:
        found = self.one_thing(node, frozenset(), (*EVENTS, *_MOVES))
        if found is None:
            return None
        at, key, value = found
        if key == "plivo":
            return Moment(at, "plivo", self.answers(value), line=node.line)
        if key == "webhook":
            return Moment(at, "webhook", self.web_answer(value), line=node.line)
        if key in _MOVES:
            self.move(key, value)
            return Moment(at, str(key), line=node.line)
        if not isinstance(value, Map):
            self.report.error(value, f"{key} says at least which conference: {{conference: NAME}}")
            return None
        return self.happening(at, str(key), value)

    def move(self, key: Text, value: Any) -> None:
        if key == "restart":
            if value not in _RESTARTED:
                self.report.error(value, f"restart one of {', '.join(_RESTARTED)}")
        elif value != "previous":
            self.report.error(value, f"write `{key}: previous`")

    def happening(self, at: float, kind: str, node: Map) -> Moment | None:
        fields = EVENTS[kind]
        self.only(node, {"conference", "uuid", *fields}, kind)
        read: Mapping[str, Callable[[Any], Any]] = {
            "text": self.text,
            "flag": self.flag,
            "seconds": self.seconds,
            "mapping": self.mapping,
            "rows": self.rows,
        }
        needed = ["conference", *(name for name, form in fields.items() if form.endswith("!"))]
        for name in needed:
            if node.find(name) is None:
                self.report.error(node, f"{kind} needs `{name}`")
                return None
        data = {
            name: read[form.rstrip("!")](node[name])
            for name, form in fields.items()
            if node.find(name) is not None
        }
        if kind == "trigger":
            self.check_heard(node["name"])
        if "do" in data:
            self.check_step(node["do"], data["do"])
        uuid = "" if node.find("uuid") is None else self.text(node["uuid"])
        name = self.text(node["conference"])
        return Moment(at, kind, _as_event_data(kind, data), name, uuid, node.line)

    def whom(self, node: Any, name: str) -> tuple[str, ...]:
        """Members as calls name them: by id, or all."""
        for item in node if isinstance(node, Seq) else [node]:
            if isinstance(item, Map) or (isinstance(item, Text) and item in _NOBODY):
                message = f"say whom by id: `{name}: 2`, a list of ids, or `all`"
                self.report.error(item, message)
                return ()
        return self.ids(node)

    def rows(self, node: Any) -> tuple[Mapping[str, Any], ...]:
        """Members as Plivo's list shows them: an id, or what is shown of it."""
        return tuple(self.row(item) for item in (node if isinstance(node, Seq) else [node]))

    def row(self, node: Any) -> Mapping[str, Any]:
        if not isinstance(node, Map):
            return {"member_id": self.text(node, "a member id, or {member: ID, muted: true}")}
        self.only(node, {"member", *_SHOWN}, "a member of the list")
        if node.find("member") is None:
            self.report.error(node, "say which member: {member: ID, muted: true}")
            return {}
        shown = {name: self.flag(node[name]) for name in _SHOWN if name in node}
        return {"member_id": self.text(node["member"]), **shown}

    def answers(self, node: Any) -> Mapping[str, str]:
        if not isinstance(node, Map):
            self.report.error(node, "say how what is answered: `plivo: {speak: 404}`")
            return {}
        for verb, answer in node.items():
            if verb not in VERBS:
                hint = did_you_mean(verb, VERBS)
                self.report.error(verb, f"{quoted(verb)} is not a call{hint}")
            self.check_status(answer)
        return {str(verb): str(answer) for verb, answer in node.items()}

    def check_status(self, answer: Any) -> None:
        is_status = isinstance(answer, Text) and answer.isdecimal() and 100 <= int(answer) < 600
        if answer not in ("ok", TIMEOUT) and not is_status:
            self.report.error(answer, "an answer is an HTTP status, `timeout`, or `ok` again")

    def web_answer(self, node: Any) -> Mapping[str, Any]:
        """What webhooks are answered from now on, those to a `url` if one is given."""
        if not isinstance(node, Map) or not node:
            self.report.error(node, "say what it is answered: `webhook: {json: {vip: true}}`")
            return {}
        self.only(node, _ANSWERED, "the answer to a webhook")
        if "json" in node and "body" in node:
            self.report.error(node["body"], "json is the body; write one of them")
        body = b""
        if "json" in node:
            body = json.dumps(self.free(node["json"])).encode()
        elif "body" in node:
            body = self.text(node["body"]).encode("utf-8", "replace")
        url, status = node.find("url"), node.find("status")
        if status is not None:
            self.check_status(status)
        answer = "ok" if status is None else self.text(status)
        return {"url": "*" if url is None else self.text(url), "answer": answer, "body": body}

    # What is expected

    def expected(self, node: Any) -> Expected | None:
        found = self.one_thing(node, frozenset({"conference"}), (*VERBS, "log", "vars"))
        if found is None:
            return None
        at, key, value = found
        verb, members, params = self.call(str(key), value)
        name = "" if node.find("conference") is None else self.text(node["conference"])
        return Expected(at, verb, members, params, name, node.line, node.column)

    def call(self, name: str, value: Any) -> tuple[str, tuple[str, ...] | None, Mapping[str, Any]]:
        """The verb, members and parameters of what is expected, as the catalogue of actions has
        them; members are None when any will do."""
        if name == "vars":
            self.check_vars(value if isinstance(value, Map) else ())
            return name, None, self.mapping(value)
        if name == "log":
            return name, None, {"text": self.text(value)}
        action = ACTIONS.get(name)
        if action is not None and action.parts:
            return name, *self.parameters(name, action, value)
        by_value = {"": VERBS[name]} if action is None else CALLS[name]
        verb = by_value.get(value if isinstance(value, Text) else "", by_value[""])
        return verb.name, None if verb.members == "none" else self.whom(value, name), {}

    def parameters(
        self, name: str, action: Action, node: Any
    ) -> tuple[tuple[str, ...] | None, Mapping[str, Any]]:
        if isinstance(node, Text) and action.bare and node in ("", "conference"):
            return None, {}
        if not isinstance(node, Map):
            self.report.error(node, f"{name} is a mapping, such as {{text: …}}")
            return None, {}
        parts = {key: part for key, part in action.parts.items() if not isinstance(part, Block)}
        self.only(node, set(parts), name)
        members: tuple[str, ...] | None = None
        params: dict[str, Any] = {}
        for key, value in node.items():
            part = parts.get(str(key))
            if isinstance(part, Members):
                members = self.whom(value, key)
            elif isinstance(part, Templated):
                params[str(key)] = self.text(value)
            else:
                params[str(key)] = self.free(value)
        return members, params

    def one_thing(
        self, node: Any, beside: frozenset[str], known: tuple[str, ...]
    ) -> tuple[float, Text, Any] | None:
        """`at` and just one other key of an entry."""
        if not isinstance(node, Map) or node.find("at") is None:
            self.report.error(node, "an entry says when and what: `{at: 10m, …: …}`")
            return None
        keys = [key for key in node if key != "at" and key not in beside]
        if len(keys) != 1:
            self.report.error(node, "an entry has `at` and just one thing")
            return None
        if keys[0] not in known:
            hint = did_you_mean(keys[0], known)
            self.report.error(keys[0], f"{quoted(keys[0])} is nothing that can stand here{hint}")
            return None
        return self.seconds(node["at"]), keys[0], node[keys[0]]


def _as_event_data(kind: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """In the words of the catalogue, with what a test need not write."""
    ours = {name: field for field, name in WRITTEN.items()}
    data = {ours.get(name, name): value for name, value in written.items()}
    if kind == "conference.observed" and not data.get("gone"):
        members = data.get("members", ())
        rows = [{"call_uuid": f"call-{row.get('member_id')}", **row} for row in members]
        return {"gone": False, "run_time": data.get("run_time", 0.0), "members": rows}
    known = {"recording_id": "1", **data}
    for name, sample in KINDS_OF_EVENTS[kind].sample.items():
        data.setdefault(name, sample.format_map(known) if isinstance(sample, str) else sample)
    return data

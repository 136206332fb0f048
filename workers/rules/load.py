"""From the text of a rules file to `Rules`, or to every problem it has, with positions."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.callers.joining import Entry
from app.callers.opening import Hours
from app.domain.suggest import quoted
from app.yaml.document import parse
from app.yaml.odd_signs import named
from app.yaml.problems import FileError, Place, Report
from app.yaml.schema_errors import key_of, load_part, reader
from app.yaml.schema_fields import is_empty, kind_of
from app.yaml.tree import Map, Seq, Text
from workers.rules import identity
from workers.rules.as_meant import file_as_meant, rules_as_meant
from workers.rules.engine.index import Rules
from workers.rules.expressions.expressions import compile_expression
from workers.rules.expressions.scope import Scope, scope_of
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.language.declared import read_vars, vars_of
from workers.rules.language.ensure import read_ensure, scope_of_ensure
from workers.rules.language.entries import AnswerEntry, EnsureEntry, File, LimitEntry, RuleEntry
from workers.rules.language.given import given_values
from workers.rules.language.joining import CallerScope, caller_checks
from workers.rules.language.matching.match import compile_match, conference_globs
from workers.rules.language.steps.parse_steps import StepReader
from workers.rules.language.steps.step_values import StepValues
from workers.rules.language.when import read_when
from workers.rules.lint.ensure import check_ensuring
from workers.rules.lint.file import check_parts
from workers.rules.lint.parts import Parts, Section
from workers.rules.lint.rule import check_rule
from workers.rules.lint.secrets import named_secrets
from workers.rules.vocabulary.model import Condition, Limit, NamedSecret, Rule

MAX_RULES = 5000
_UTC = ZoneInfo("UTC")
_EMPTY = "the file is empty; it begins with `version: 1`, then `rules:`"
_EMPTY_SECTIONS = {
    "rules": "nothing will be done",
    "limits": "no conference has a time limit",
    "conferences": "all callers join as Plivo has it",
}


def load(text: str, path: str) -> Rules:
    """The rules of a file. Raises `FileError` with everything that is wrong in it; what is only
    doubtful is in `Rules.warnings`."""
    text = text.removeprefix("\ufeff")
    try:
        return _load(text, path)
    except FileError as error:
        raise FileError(named(error.problems, text)) from None


def _load(text: str, path: str) -> Rules:
    report = Report(path)
    root = parse(text, report)
    if root is None:
        report.error(Place(1, 1), _EMPTY)
        report.raise_errors()
    root = file_as_meant(root, report) if isinstance(root, Map) else root
    data = load_part(File(), root, report, "a mapping that begins with `version: 1`")
    rules = _Loader(data, report).rules(text)
    report.raise_errors()
    return rules


def digest_of(text: str) -> str:
    """What tells one content of a rules file from another: 16 hex digits."""
    text = identity.VERSION + text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Loader:
    def __init__(self, data: dict[str, Any], report: Report) -> None:
        self.data, self.report = data, report
        self.zone: ZoneInfo = data.get("timezone", _UTC)
        self.lists = self.read_lists(data.get("lists"))
        self.secrets: tuple[NamedSecret, ...] = ()
        self.vars = read_vars(data.get("vars"), StepValues(Scope(), report).free, report)
        self.given: Mapping[str, frozenset[str]] = {}

    def rules(self, text: str) -> Rules:
        limits = tuple(self.limit(node) for node in self.entries("limits"))
        answer_nodes = self.entries("conferences")
        answers = tuple(self.answer(node) for node in answer_nodes)
        nodes = self.entries("rules")
        if len(nodes) > MAX_RULES:
            self.report.error(nodes[MAX_RULES], f"more than {MAX_RULES} rules")
            nodes = nodes[:MAX_RULES]
        nodes = rules_as_meant(nodes, self.report)
        self.given = given_values(answer_nodes, nodes, self.vars)
        rules = tuple(self.rule(node, index) for index, node in enumerate(nodes))
        if not self.report.errors:
            self.check(rules, nodes, limits, answers)
        return Rules(
            rules=rules,
            limits=limits,
            lists=self.lists,
            vars=self.vars,
            timezone=self.zone,
            digest=digest_of(text),
            answers=answers,
            warnings=self.report.problems,
            secrets=self.secrets,
        )

    def check(
        self,
        rules: tuple[Rule, ...],
        nodes: list[Any],
        limits: tuple[Limit, ...],
        answers: tuple[Entry, ...],
    ) -> None:
        self.warn_of_empty(only_rules_missing=bool(limits or answers))
        lists, vars = self.data.get("lists"), self.data.get("vars")
        parts = Parts(
            rules=rules,
            rule_nodes=nodes,
            limits=_section(limits, self.entries("limits")),
            answers=_section(answers, self.entries("conferences")),
            lists=self.lists,
            list_nodes=lists if isinstance(lists, Map) else Map(),
            vars=self.vars,
            var_nodes=vars if isinstance(vars, Map) else Map(),
        )
        check_parts(parts, self.report)
        self.secrets = tuple(named_secrets(parts))

    def entries(self, section: str) -> list[Any]:
        node = self.data.get(section)
        if node is None or is_empty(node):
            return []
        if not isinstance(node, Seq):
            message = f"{section} is a list; begin each entry with `-`"
            self.report.error(node, message)
            return []
        return list(node)

    def warn_of_empty(self, *, only_rules_missing: bool) -> None:
        """A section with nothing in it is more often an accident than a wish; but `rules: []` is
        how a file is written that only has limits or says how callers join."""
        for section, effect in _EMPTY_SECTIONS.items():
            node = self.data.get(section)
            written_out = isinstance(node, Seq) and not node
            if section == "rules" and written_out and only_rules_missing:
                continue
            if node is not None and (written_out or is_empty(node)):
                self.report.warning(node, f"{section} is empty: {effect}")

    def read_lists(self, node: Any) -> dict[str, tuple[str, ...]]:
        if node is None or is_empty(node):
            return {}
        if not isinstance(node, Map):
            self.report.error(node, f"expected names with lists of texts, not {kind_of(node)}")
            return {}
        return {str(name): self.one_list(name, items) for name, items in node.items()}

    def one_list(self, name: Text, items: Any) -> tuple[str, ...]:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
            self.report.error(name, f"{quoted(name)}: a list's name has letters, digits and _")
        if not isinstance(items, Seq):
            where = name if is_empty(items) else items
            self.report.error(where, f"expected a list of texts, not {kind_of(items)}")
            return ()
        for item in items:
            if not isinstance(item, Text) or is_empty(item):
                self.report.error(item, f"expected a text, not {kind_of(item)}")
        return tuple(str(item) for item in items if isinstance(item, Text))

    def only_conference(self, node: Any) -> Condition | None:
        scope = Scope(lists=self.lists)
        return None if node is None else compile_match(node, scope, self.report, "conference.name")

    def limit(self, node: Any) -> Limit:
        data = load_part(reader(LimitEntry), node, self.report, "a limit, with match and duration")
        return Limit(
            duration=data.get("duration", 0.0),
            hang_up=data.get("hang_up", True),
            match=self.only_conference(data.get("match")),
            line=node.line,
        )

    def answer(self, node: Any) -> Entry:
        data = load_part(reader(AnswerEntry), node, self.report, "an entry with match and options")
        match = data.pop("match", None)
        scope = CallerScope(lists=self.lists)
        checks = () if match is None else caller_checks(match, scope, self.report)
        globs = conference_globs(match)
        if isinstance(match, Map) and not globs and _names_conference(match):
            self.report.error(match, 'conferences are matched by texts: `conference: "sales-*"`')
        windows = data.pop("schedule", None)
        options = {key: _plain(value) for key, value in data.items()}
        hours = None if windows is None else Hours(windows, self.zone.key)
        return Entry(globs or ("*",), checks, options, hours, node.line)

    def rule(self, node: Any, index: int) -> Rule:
        if isinstance(node, Map) and "ensure" in node:
            return self.ensuring(node)
        before = self.report.errors
        data = load_part(reader(RuleEntry), node, self.report, "a rule, with name, when and do")
        self.drop_empty(data, node)
        triggers = read_when(data["when"], self.report) if "when" in data else ()
        kinds = [trigger.kind for trigger in triggers]
        scope = scope_of(kinds, self.lists, self.zone, vars_of(self.vars), self.given)
        match = data.get("match")
        rule = Rule(
            id="",
            name=str(data.get("name", "")),
            triggers=identity.in_order(triggers),
            steps=StepReader(scope, self.report).read(data["do"]) if "do" in data else (),
            match=None if match is None else compile_match(match, scope, self.report),
            condition=self.condition(data.get("condition"), scope),
            conference_globs=conference_globs(match),
            once=data.get("once"),
            cooldown=data.get("cooldown"),
            enabled=data.get("enabled", True),
            dry_run=data.get("dry_run", False),
            description=str(data.get("description", "")),
            line=node.line,
        )
        if self.report.errors != before:
            return rule
        check_rule(rule, node, self.report)
        return identity.identified(rule, node, scope)

    def ensuring(self, node: Map) -> Rule:
        """A rule that ensures something instead of waiting."""
        before = self.report.errors
        data = load_part(reader(EnsureEntry), node, self.report, "a rule, with name and ensure")
        if is_empty(data.get("match")):
            self.report.error(key_of(node, "match"), "match is empty")
            del data["match"]
        scope = scope_of_ensure(self.lists, self.zone, vars_of(self.vars), self.given)
        match = data.get("match")
        rule = Rule(
            id="",
            name=str(data.get("name", "")),
            triggers=(),
            steps=(),
            match=None if match is None else compile_match(match, scope, self.report),
            condition=self.condition(data.get("condition"), scope),
            conference_globs=conference_globs(match),
            enabled=data.get("enabled", True),
            dry_run=data.get("dry_run", False),
            description=str(data.get("description", "")),
            line=node.line,
            ensures=read_ensure(node, data["ensure"], scope, self.report)
            if "ensure" in data
            else (),
        )
        if self.report.errors != before:
            return rule
        check_ensuring(rule, node, self.report)
        return identity.identified(rule, node, scope)

    def drop_empty(self, data: dict[str, Any], node: Any) -> None:
        """A key with nothing behind it is pointed at itself."""
        for key in ("when", "match", "do"):
            if is_empty(data.get(key)):
                self.report.error(key_of(node, key), f"{key} is empty")
                del data[key]

    def condition(self, text: Text | None, scope: Scope) -> Condition | None:
        if text is None:
            return None
        try:
            compiled = compile_expression(text, scope)
        except ExpressionError as error:
            self.report.error(text.at(error.offset), str(error))
            return None
        for message, offset in compiled.doubts:
            self.report.warning(text.at(offset), message)
        return compiled


def _section(entries: Sequence[Any], nodes: list[Any]) -> Section:
    return Section(entries, nodes, [conference_globs(node.find("match")) for node in nodes])


def _names_conference(match: Map) -> bool:
    return "conference" in match or "conference.name" in match


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(str(item) for item in value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, Text) else value

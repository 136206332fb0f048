"""One step that a person asks for, read as a step of `do` is.

The same schemas, the same words about what is wrong. Only texts differ: `{{ }}` in what a person
writes is no template, for a person is no author of rules; it is said as it stands.
"""

from typing import Any

from app.domain.suggest import quoted
from app.yaml.json_nodes import nodes_of
from app.yaml.problems import FileError, Report
from app.yaml.tree import Text
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.templates import PlainText
from workers.rules.language.steps.parse_steps import StepReader
from workers.rules.language.steps.step_values import StepValues
from workers.rules.nodes.targets_as_written import TargetSpec
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.model import Step, Target, Template
from workers.rules.vocabulary.names import ALWAYS, GROUPS, SINGLE

_THERE = frozenset(ALWAYS) - {"account"}  # which is looked at for rules that ask about it
_NOT_THERE = {name: "what is asked by hand" for name in (*GROUPS, *SINGLE) if name not in _THERE}


class NotAStep(ValueError):
    """What was asked for is no step of `do`, or none that a person may ask for; the text says why
    and what to write instead."""


def read_step(asked: Any, scope: Scope | None = None) -> Step:
    """The step of a JSON value such as `{"mute": "all"}`. Raises NotAStep. Without a `scope` names
    of lists in a `where` are not known."""
    known = Scope() if scope is None else scope
    report = Report("")
    for name in asked if isinstance(asked, dict) else [asked]:
        if isinstance(name, str) and name in ACTIONS and not ACTIONS[name].by_hand:
            raise NotAStep(f"{name} is for rules, not for hands")
    try:
        node = nodes_of(asked)
        seen = Scope(_NOT_THERE, known.lists, known.zone, known.vars)
        step = StepReader(seen, report, _Literal).step(node)
    except (ValueError, FileError) as error:
        raise NotAStep(str(error)) from None
    errors = [problem.message for problem in report.problems if problem.level == "error"]
    if errors or step is None:
        raise NotAStep("; ".join(errors) or "expected an action, such as `mute: all`")
    return step


class _Literal(StepValues):
    """Takes every text as it stands."""

    def target(self, spec: TargetSpec) -> Target:
        for text in spec.ids:
            if "{{" in text:
                self.report.error(text, f"expected a member id (digits), not {quoted(text)}")
        return super().target(spec)

    def template(
        self, text: Text, *, typed: bool = False, schemes: tuple[str, ...] = ()
    ) -> Template:
        if schemes and not text.startswith(schemes):
            self.report.error(text, f"expected an http or https address, not {quoted(text)}")
        return PlainText(str(text))

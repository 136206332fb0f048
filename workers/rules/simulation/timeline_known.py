"""What a file of tests says, held against the rules that it is about."""

from collections.abc import Iterable
from typing import Any

from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Report
from app.yaml.tree import Text
from workers.rules.engine.index import Rules
from workers.rules.expressions.scope import Scope
from workers.rules.language.steps.by_hand import NotAStep, read_step
from workers.rules.simulation.timeline_nodes import Nodes


class Known(Nodes):
    """Reports what these rules do not know: it would pass, or fail with other words."""

    def __init__(self, report: Report, rules: Rules) -> None:
        super().__init__(report)
        self.rules = rules
        every = (trigger for rule in rules.rules for trigger in rule.every_trigger)
        self.triggers = frozenset(str(one.parameter) for one in every if one.kind == "trigger")

    def check_heard(self, name: Any) -> None:
        """Whoever sends what no rule waits for is answered 404; a rule that rests waits too."""
        if isinstance(name, Text) and name not in self.triggers:
            hint = did_you_mean(name, self.triggers)
            self.report.error(name, f"no rule waits for the trigger {quoted(name)}{hint}")

    def check_step(self, node: Any, step: Any) -> None:
        """What nobody can ask for by hand: the console, the API and `gavel act` refuse it."""
        known = Scope({}, self.rules.lists, self.rules.timezone, self.rules.var_types)
        try:
            read_step(step, known)
        except NotAStep as error:
            self.report.error(node, str(error))

    def check_vars(self, names: Iterable[Text]) -> None:
        for name in names:
            if name not in self.rules.vars:
                hint = did_you_mean(name, self.rules.vars)
                self.report.error(name, f"the rules declare no var {quoted(name)}{hint}")

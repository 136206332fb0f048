"""What `gavel up` finds out of the rules: is the demo for them, and where a person may call in."""

import pytest

from cli.up.demo import CONFERENCE
from cli.up.examine_rules import example_conference, is_meant
from workers.rules.load import load

RULE = "  - {name: R%d, enabled: %s, when: member.entered, match: {%s}, do: [mute: member]}\n"


@pytest.mark.parametrize(
    ("matches", "demo", "conference"),
    [
        ([("true", 'conference: "demo-*"')], True, "demo-1"),
        ([("true", 'member.from: "+1*"')], True, "demo-1"),
        ([("true", 'conference: "townhall-*"')], False, "townhall-1"),
        ([("true", 'conference: ["all-hands", "townhall-*"]')], False, "all-hands"),
        ([("false", 'conference: "demo-*"'), ("true", 'conference: "a?-*"')], False, "a1-1"),
        ([], False, "demo-1"),
    ],
)
def test_the_rules_decide_who_calls(
    matches: list[tuple[str, str]], demo: bool, conference: str
) -> None:
    rows = "".join(RULE % (number, *match) for number, match in enumerate(matches))
    rules = load("version: 1\nrules:" + (f"\n{rows}" if rows else " []\n"), "rules.yaml")
    assert (is_meant(rules, CONFERENCE), example_conference(rules)) == (demo, conference)

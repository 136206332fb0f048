"""Whatever stands in a file of tests: it is played, or told as a problem with its place."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.yaml.problems import FileError
from tests.workers.rules.simulation.books import standup
from workers.rules.simulation.timeline import run_text
from workers.rules.simulation.timeline_text import render_report
from workers.rules.simulation.timeline_values import EVENTS

RULES = standup()

words = st.sampled_from(
    ["1", "2", "10s", "1m", "standup-eu", "previous", "workers", "true", "404", "timeout", "all",
     "conference", "", "nan", "2026-01-05", "0001-01-01", "9999-12-31", "2026-01-05T00:00+14:00"]
)  # fmt: skip
texts = words | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=5)
values = st.recursive(
    texts | st.integers(-5, 500) | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
answers = {"url", "status", "json", "body"}
fields = sorted({name for known in EVENTS.values() for name in known}
                | {"conference", "uuid"} | answers)  # fmt: skip


def mappings(keys: list[str], inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(keys), inner, max_size=6)


told = mappings(fields, texts | values)
entries = mappings(
    ["at", *EVENTS, "restart", "swap", "drop", "duplicate", "plivo", "webhook"], words | told
) | st.builds(
    lambda at, kind, data: {"at": at, kind: {"conference": "standup-eu", "member": "1", **data}},
    st.sampled_from(["0s", "1s", "5m"]),
    st.sampled_from(sorted(EVENTS)),
    told,
)
expected = mappings(["at", "conference", "speak", "mute", "record", "hang_up", "log"], values)
tests = st.fixed_dictionaries(
    {},
    optional={
        "name": values,
        "start": values,
        "until": words,
        "timeline": st.lists(entries | values, max_size=4) | values,
        "expect": st.lists(expected | values, max_size=3) | values,
        "expect_nothing_else": values,
    },
)


@settings(max_examples=200)
@given(st.fixed_dictionaries({"tests": st.lists(tests, max_size=2)}) | values)
def test_any_file_is_played_or_its_problems_are_told(content: Any) -> None:
    text = json.dumps(content, ensure_ascii=False)
    try:
        report = run_text(text, "rules_test.yaml", RULES)
    except FileError:
        return
    assert render_report(report, verbose=True)

"""Anchors, aliases and merge keys are refused in their own words, with nothing that follows."""

import pytest

from tests.app.yaml.test_mending import told

NOT_SUPPORTED = "anchors and merge keys are not supported here; write it out where it is needed"
RULE = "    when: member.entered\n    do: [record]\n"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            "version: 1\nx-common: &common {when: member.entered, do: [record]}\nrules:\n"
            "  - name: One\n    <<: *common\n",
            ["2:11", "5:5"],
        ),
        (
            f"version: 1\nrules:\n  - &base\n    name: One\n{RULE}  - <<: *base\n    name: Two\n",
            ["3:5", "7:5"],
        ),
        (f"version: 1\nrules:\n  - &base\n    name: One\n{RULE}  - *base\n", ["3:5", "7:5"]),
        (
            "version: 1\nrules:\n  - name: One\n    when: &when member.entered\n    do: [record]\n"
            "  - name: Two\n    when: *when\n    do: [record]\n",
            ["4:11", "7:11"],
        ),
        (f"version: 1\nrules:\n  - name: One\n    <<: {{enabled: false}}\n{RULE}", ["4:5"]),
    ],
)
def test_what_is_shared_is_to_be_written_out(text: str, places: list[str]) -> None:
    assert told(text) == [f"{place}: error: {NOT_SUPPORTED}" for place in places]


def test_other_mistakes_beside_them_are_told() -> None:
    text = f"version: 1\nrules:\n  - &base\n    name: One\n{RULE}  - *base\n".replace("ent", "net")

    assert [line.split(": ")[0] for line in told(text)] == ["3:5", "5:11", "7:5"]


def test_a_value_that_begins_with_such_a_sign_is_to_be_quoted() -> None:
    text = f"version: 1\nrules:\n  - name: One\n{RULE}".replace("record", "{log: &x}, {log: *1}")

    assert [": quote a value that starts with" in line for line in told(text)] == [True, True]

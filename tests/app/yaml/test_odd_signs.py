"""What was pasted from a web page: signs that look like a space, a quote or like nothing."""

import pytest

from tests.app.yaml.test_mending import told

GOOD = "version: 1\nrules:\n  - name: One\n    when: member.entered\n    do:\n      - record\n"


@pytest.mark.parametrize(
    ("written", "instead", "expected"),
    [
        ("    do:", "\u00a0   do:", "5:1: error: a no-break space (U+00A0) in the indentation"),
        ("    do:", "   \u202fdo:", "5:4: error: a no-break space (U+202F) in the indentation"),
        ("    do:", "    \u200bdo:", "5:5: error: a zero-width sign (U+200B) in the indentation"),
        ("    do:", "    do\u200b:", "5:5: error: a zero-width sign (U+200B) beside 'do'"),
        ("entered", "entered\u200b", "4:11: error: unknown trigger 'member.entered\\u200b'"),
        ("member.entered", "“member.entered”", "4:11: error: unknown trigger “member.entered”"),
        ("record", "record\u00a0", "6:9: error: unknown action 'record\\xa0'"),
    ],
)
def test_an_odd_sign_is_named_alone_at_its_place(written: str, instead: str, expected: str) -> None:
    found = told(GOOD.replace(written, instead))

    assert len(found) == 1
    assert found[0].replace("'“", "“").replace("”'", "”").startswith(expected)
    assert "(U+" in found[0]


def test_in_a_text_they_are_fine() -> None:
    text = GOOD.replace(
        "record", "log: “No\u00a0break”, \U0001f468\u200d\U0001f469\u200d\U0001f467"
    )

    assert told(text) == []

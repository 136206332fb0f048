"""Reading YAML: every scalar is text with its place; what is hostile costs little."""

import pytest

from app.yaml.document import MAX_BYTES, decode, parse
from app.yaml.problems import FileError, Report
from app.yaml.tree import Map, Seq, Text
from tests.workers.rules.builders import file_of, problems_of
from workers.rules.load import load


def parsed(text: str) -> Map:
    found = parse(text, Report("rules.yaml"))
    assert isinstance(found, Map)
    return found


def test_every_scalar_stays_what_was_written() -> None:
    written = [
        "+14155550123",
        "0123",
        "no",
        "55:00",
        "2026-01-05",
        "1e3",
        "null",
        "~",
        "0x1f",
        "1_000",
    ]
    found = parsed("".join(f"k{n}: {text}\n" for n, text in enumerate(written)))
    assert list(found.values()) == written
    assert all(isinstance(value, Text) for value in found.values())


def test_nodes_know_their_places() -> None:
    found = parsed('a:\n  - "x"\n  - {b: yé}\n')
    items = found["a"]
    assert isinstance(items, Seq)
    assert [(item.line, item.column) for item in items] == [(2, 5), (3, 5)]
    assert (items[1]["b"].line, items[1]["b"].column) == (3, 9)


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("a: one two\n", 4, (1, 8)),
        ('a: "one two"\n', 4, (1, 9)),
        ("a: |\n  one\n  two\n", 4, (3, 3)),
        ("a: |\n    one\n    two\n", 6, (3, 7)),
        ('a: "one\\ttwo"\n', 4, (1, 4)),
        ("a: >\n  one\n  two\n", 4, (1, 4)),
    ],
)
def test_a_place_within_a_text_is_exact_where_it_can_be(
    text: str, offset: int, place: tuple[int, int]
) -> None:
    found = parsed(text)["a"].at(offset)
    assert (found.line, found.column) == place


def test_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    data = b"\xef\xbb\xbf" + file_of().replace("\n", "\r\n").encode()
    rules = load(decode(data, "rules.yaml"), "rules.yaml")
    assert [rule.name for rule in rules.rules] == ["one"]


def test_what_is_not_utf_8_is_told_with_its_place() -> None:
    with pytest.raises(FileError) as caught:
        decode("a: b\nc: für".encode("latin-1"), "rules.yaml")
    assert str(caught.value) == "rules.yaml:2:5: error: not UTF-8; save the file as UTF-8"


def test_utf_16_is_refused() -> None:
    with pytest.raises(FileError, match="not UTF-8"):
        decode(file_of().encode("utf-16"), "rules.yaml")


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "anchors and merge keys are not supported here"),
        ("a: *b\n", "quote a value that starts with *"),
        ("[" * 100_000, "nested deeper"),
        ("{a: " * 100_000, "nested deeper"),
        ("- " * 100_000, "nested deeper"),
        ("".join(" " * n + "a:\n" for n in range(1000)), "nested deeper"),
        ("x" * (MAX_BYTES + 1), "the file has more than 1024 KiB"),
        ("é" * (MAX_BYTES - 1), "the file has more than 1024 KiB"),
        ("a: " + "x" * 20_000, "a value has at most 10000 characters"),
        ("a: [" + "x," * 300_000, "more than 200000 values"),
        ("? " * 100_000, "a key must be a text"),
        ("rules: " + "{{" * 100_000, "quote a text with {{ }}"),
        ("a: 1\n" * 100_000, "and so on"),
        ("version: 1\nrules:\n" + "  - x\n" * 100_000, "and so on"),
        ("a: \ud800\n", "cannot be in a file"),
        ("a: \x00\n", "cannot be in a file"),
        ("%YAML 9.9\n---\na: b\n", "not YAML"),
        ("--- a\n--- b\n", "a second document"),
        ("a: !!python/object/apply:os.system [id]\n", "the tag"),
    ],
    ids=range(19),
)
def test_a_hostile_file_is_refused(text: str, message: str) -> None:
    assert message in " ".join(problems_of(text))


def test_a_large_file_of_good_rules_is_fine() -> None:
    rule = "  - {{name: r{0}, when: member.entered, match: {{conference: a{0}}}, do: [record]}}\n"
    text = "version: 1\nrules:\n" + "".join(rule.format(n) for n in range(1000))
    assert len(load(text, "rules.yaml").rules) == 1000


def test_many_warnings_do_not_break_a_file() -> None:
    lists = "".join(f"  l{n}: [a]\n" for n in range(1000))
    rules = load(f"version: 1\nlists:\n{lists}rules: []\n", "rules.yaml")
    assert len(rules.warnings) == 201
    assert str(rules.warnings[-1]).endswith(" warning: and 801 more; mend these first")

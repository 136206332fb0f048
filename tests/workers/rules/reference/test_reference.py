"""The reference and the editor's schema say what the catalogue says, and leave nothing out."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.yaml.problems import FileError
from workers.rules.expressions.filters import FILTERS, TESTS
from workers.rules.language.entries import AnswerEntry, EnsureEntry, File, LimitEntry, RuleEntry
from workers.rules.language.matching.matched_key import OPERATORS
from workers.rules.load import load
from workers.rules.reference import generate as reference
from workers.rules.vocabulary.actions import ACTIONS, VERBS
from workers.rules.vocabulary.names import GROUPS, SINGLE
from workers.rules.vocabulary.states import SETTING, STATES, WORDS
from workers.rules.vocabulary.triggers import KINDS

ROOT = Path(__file__).parents[4]
GOOD = sorted((Path(__file__).parents[1] / "good").glob("*.yaml"))


def test_the_reference_is_as_the_catalogue_has_it() -> None:
    written = (ROOT / reference.DOCUMENT).read_text()
    assert written == reference.document(), "run: python -m workers.rules.reference.generate"


def test_the_schema_is_as_the_catalogue_has_it() -> None:
    written = (ROOT / reference.SCHEMA).read_text()
    assert written == reference.schema(), "run: python -m workers.rules.reference.generate"


@pytest.mark.parametrize(
    "name",
    [
        *KINDS,
        *ACTIONS,
        *FILTERS,
        *TESTS,
        *OPERATORS,
        *STATES,
        *SINGLE,
        *(f"{group}.{name}" for group, fields in GROUPS.items() for name in fields),
        *(
            field.data_key or name
            for schema in (File, RuleEntry, EnsureEntry, LimitEntry, AnswerEntry)
            for name, field in schema().fields.items()
        ),
    ],
)
def test_every_word_of_the_language_is_in_the_reference(name: str) -> None:
    assert re.search(rf"(^\| |### )`{re.escape(name)}`", reference.document(), re.MULTILINE)


@pytest.mark.parametrize(
    "doc",
    [
        *(entry.doc for entry in (*KINDS.values(), *ACTIONS.values(), *STATES.values())),
        *(entry.doc for entry in (*FILTERS.values(), *TESTS.values(), *SINGLE.values())),
        *(field.doc for fields in GROUPS.values() for field in fields.values()),
    ],
)
def test_everything_is_documented_with_a_sentence(doc: str) -> None:
    assert doc[0].isupper() or doc[0] == "`" or doc.startswith("false")
    assert doc.endswith(".")


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_a_trigger_is_good(name: str) -> None:
    rule = (
        f"version: 1\nlimits: [{{duration: 2h}}]\nrules:\n  - name: x\n    {KINDS[name].example}\n"
    )
    match = "    match: {conference: a}\n"
    assert load(f"{rule}{match}    do: [log: done]\n", "x").warnings == ()


WHEN = {"archive": "recording.ready"}


@pytest.mark.parametrize("name", ACTIONS)
def test_the_example_of_an_action_is_good(name: str) -> None:
    text = (
        "version: 1\nlimits: [{duration: 1h}]\nvars: {raised: {type: list}}\nrules:\n"
        f"  - name: x\n    when: {WHEN.get(name, 'member.entered')}\n"
        f"    do:\n      - {ACTIONS[name].example}\n"
    )
    assert load(text, "x").rules[0].steps[0].action == name


@pytest.mark.parametrize("name", STATES)
def test_the_example_of_a_state_is_good(name: str) -> None:
    text = (
        "version: 1\nvars: {outside: {type: list}}\nrules:\n"
        f"  - name: x\n    ensure:\n      {STATES[name].example}\n"
    )
    assert [wish.state for wish in load(text, "x").rules[0].ensures] == [name]


@pytest.mark.parametrize("name", STATES)
def test_a_call_brings_each_state_about(name: str) -> None:
    state = STATES[name]
    for value in (True, False) if state.value is None else (state.value,):
        assert VERBS[SETTING[state.flag, value]].sets == {state.flag: value}
        assert (state.flag, value) in WORDS


@pytest.mark.parametrize(
    "body",
    [
        "when: member.entered",
        "ensure: {mute: true}",
        "ensure: {}\n    do: [record]\n    when: member.entered",
    ],
)
def test_the_editors_schema_knows_both_kinds_of_rules(body: str) -> None:
    assert valid("version: 1\nrules:\n  - name: x\n    ensure: {muted: true}\n")
    assert not valid(f"version: 1\nrules:\n  - name: x\n    {body}\n")


def test_every_key_of_the_schema_has_its_documentation() -> None:
    def walk(node: Any, path: str) -> list[str]:
        if isinstance(node, list):
            return [hit for item in node for hit in walk(item, path)]
        if not isinstance(node, dict):
            return []
        missing = [
            f"{path}.{key}"
            for key, inner in node.get("properties", {}).items()
            if isinstance(inner, dict) and not inner.get("description") and "$ref" not in inner
        ]
        return missing + [
            hit for key, inner in node.items() for hit in walk(inner, f"{path}/{key}")
        ]

    undocumented = walk(json.loads(reference.schema()), "")
    assert [
        path for path in undocumented if not path.endswith((".above", ".below", ".where"))
    ] == []


def valid(text: str) -> bool:
    schema = json.loads(reference.schema())
    return bool(jsonschema.Draft7Validator(schema).is_valid(yaml.safe_load(text)))


@pytest.mark.parametrize("word", ["yes", "no", True, False])
def test_the_editors_schema_knows_flags_as_texts_too(word: str | bool) -> None:
    """Editors read `yes` and `no` by YAML 1.2, as texts; `gavel check` takes them."""
    schema = json.loads(reference.schema())
    entry = {"muted": word}
    jsonschema.validate({"version": 1, "rules": [], "conferences": [entry]}, schema)
    ensuring = {"name": "It", "ensure": {"recording": word}}
    jsonschema.validate({"version": 1, "rules": [ensuring]}, schema)


@pytest.mark.parametrize("path", [*GOOD, ROOT / "rules.yaml"], ids=lambda path: path.stem)
def test_the_editors_schema_agrees_about_good_files(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(reference.schema()))


@pytest.mark.parametrize(
    "line",
    [
        "    when: member.enter",
        "    when: {member.alone: }",
        "    when: member.entered\n    colldown: 5s",
        "    when: member.entered\n    match: {member.form: x}",
        "    when: member.entered\n    match: {member.from: {notin: x}}",
        "    when: member.entered\n    once: never",
    ],
)
def test_the_editors_schema_sees_mistakes_of_structure(line: str) -> None:
    text = f"version: 1\nrules:\n  - name: x\n{line}\n    do: [record]\n"
    assert not valid(text)
    with pytest.raises(FileError):
        load(text, "x")

"""Every file of `bad/` is refused with the lines at its top; every file of `good/` is fine."""

import re
from itertools import takewhile
from pathlib import Path

import pytest

from app.yaml.problems import FileError
from workers.rules.load import load

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOOD = sorted((HERE / "good").glob("*.yaml"))


def findings(path: Path) -> list[str]:
    try:
        problems = load(path.read_text(), path.name).warnings
    except FileError as error:
        problems = error.problems
    return [str(problem).removeprefix(f"{path.name}:") for problem in problems]


def expected_of(path: Path) -> list[str]:
    """The comments at the top of a file that are messages."""
    lines = takewhile(re.compile(r"# \d+:\d+: ").match, path.read_text().splitlines())
    return [line.removeprefix("# ") for line in lines]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_place_and_how_to_mend_it(path: Path) -> None:
    assert findings(path) == expected_of(path)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_has_nothing_to_complain_about(path: Path) -> None:
    assert findings(path) == []


def test_there_is_a_file_for_each_of_many_mistakes() -> None:
    assert len(BAD) >= 60
    assert len({path.read_text().split("\n", 1)[1] for path in BAD}) == len(BAD)


def test_all_mistakes_of_a_file_are_told_at_once_in_its_order() -> None:
    text = (
        "version: 2\n"
        "timezone: Mars\n"
        "rules:\n"
        "  - name: One\n"
        "    when: member.enterd\n"
        "    if: member.form\n"
        "    do:\n"
        "      - mut: member\n"
        "      - speak: {to: nobody, text: '{{ member.form }}'}\n"
        "  - when: conference.started\n"
        "    do: []\n"
    )
    with pytest.raises(FileError) as caught:
        load(text, "rules.yaml")

    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert [line for line, _ in places] == [1, 2, 5, 6, 8, 9, 9, 10, 11]
    assert places == sorted(places)
    assert str(caught.value).startswith("rules.yaml:1:10: error: version: expected 1, not '2'\n")

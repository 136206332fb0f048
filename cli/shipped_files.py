"""What comes with Gavel: the rules of the demo, the recipes of the cookbook, the documentation.

`cli/shipped/` leads to where they are kept in the repository, and is copied into the wheel.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import takewhile

from app.domain.suggest import did_you_mean
from app.errors import GavelError

DEMO = "demo"
COOKBOOK = "cookbook"
TEST = "_test.yaml"


class NotShipped(GavelError):
    """Nothing of that name comes with Gavel: the message says what does."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A rules file and its timelines, as texts; `about` is the first sentence of its comment."""

    rules: str
    tests: str

    @property
    def about(self) -> str:
        lines = takewhile(lambda line: line.startswith("#"), self.rules.splitlines())
        words = " ".join(line.removeprefix("#").strip() for line in lines)
        return re.split(r"(?<=[.!?]) ", words, maxsplit=1)[0]


def recipe(name: str) -> Recipe:
    """The recipe of the cookbook of this name; `demo` is what the repository's own rules are.

    Raises NotShipped.
    """
    if name == DEMO:
        return Recipe(_text("rules.yaml"), _text("rules_test.yaml"))
    _require(name, recipe_names(), "recipe")
    return Recipe(_text("docs", COOKBOOK, f"{name}.yaml"), _text("docs", COOKBOOK, name + TEST))


def recipe_names() -> list[str]:
    """`demo`, and those of the cookbook."""
    found = (entry.name for entry in _place("docs", COOKBOOK).iterdir())
    cookbook = (name for name in found if name.endswith(".yaml") and not name.endswith(TEST))
    return [DEMO, *sorted(name.removesuffix(".yaml") for name in cookbook)]


def page(name: str) -> str:
    """A page of the documentation, as Markdown; `cookbook/NAME` is a recipe with its test. Raises
    NotShipped."""
    name = name.removesuffix(".md").removesuffix("/")
    if name.startswith(f"{COOKBOOK}/"):
        found = recipe(name.removeprefix(f"{COOKBOOK}/").removesuffix(".yaml"))
        return f"{found.rules}\n# Its test:\n\n{found.tests}"
    _require(name, page_names(), "page")
    return _text("docs", COOKBOOK, "README.md") if name == COOKBOOK else _text("docs", f"{name}.md")


def page_names() -> list[str]:
    """The pages of the documentation."""
    found = (entry.name for entry in _place("docs").iterdir())
    return sorted([COOKBOOK, *(name.removesuffix(".md") for name in found if name.endswith(".md"))])


def _require(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        meant = did_you_mean(name, known) or f"; there are: {', '.join(known)}"
        raise NotShipped(f"there is no {what} {name}{meant}")


def _text(*names: str) -> str:
    return _place(*names).read_text(encoding="utf-8")


def _place(*names: str) -> Traversable:
    return files("cli").joinpath("shipped", *names)

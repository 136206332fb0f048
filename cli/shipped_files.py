"""What comes with Gavel: the rules of the demo, the recipes of the cookbook, the documentation.

`cli/shipped/` leads to where they are kept in the repository, and is copied into the wheel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from app.domain.suggest import did_you_mean
from app.errors import GavelError

DEMO = "demo"
TEST = "_test.yaml"


class NotShipped(GavelError):
    """Nothing of that name comes with Gavel: the message says what does."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A rules file and its timelines, as texts; `about` is the first line of its comment."""

    rules: str
    tests: str

    @property
    def about(self) -> str:
        return self.rules.partition("\n")[0].removeprefix("#").strip()


def recipe(name: str) -> Recipe:
    """The recipe of the cookbook of this name; `demo` is what the repository's own rules are.

    Raises NotShipped.
    """
    if name == DEMO:
        return Recipe(_text("rules.yaml"), _text("rules_test.yaml"))
    _require(name, recipe_names(), "recipe")
    return Recipe(_text("docs", "cookbook", f"{name}.yaml"), _text("docs", "cookbook", name + TEST))


def recipe_names() -> list[str]:
    """`demo`, and those of the cookbook."""
    found = (entry.name for entry in _place("docs", "cookbook").iterdir())
    cookbook = (name for name in found if name.endswith(".yaml") and not name.endswith(TEST))
    return [DEMO, *sorted(name.removesuffix(".yaml") for name in cookbook)]


def page(name: str) -> str:
    """A page of the documentation, as Markdown. Raises NotShipped."""
    _require(name, page_names(), "page")
    return _text("docs", f"{name}.md")


def page_names() -> list[str]:
    """The pages of the documentation."""
    found = (entry.name for entry in _place("docs").iterdir())
    return sorted(name.removesuffix(".md") for name in found if name.endswith(".md"))


def _require(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        meant = did_you_mean(name, known) or f"; there are: {', '.join(known)}"
        raise NotShipped(f"there is no {what} {name}{meant}")


def _text(*names: str) -> str:
    return _place(*names).read_text(encoding="utf-8")


def _place(*names: str) -> Traversable:
    return files("cli").joinpath("shipped", *names)

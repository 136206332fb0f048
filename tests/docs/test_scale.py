"""docs/scale.md says what `python -m bench.scale` prints, which is the same for the same seed."""

import re
from pathlib import Path

import pytest

from bench.scale.__main__ import lines
from bench.scale.course import BUDGET, WINDOW, Budget
from bench.scale.needs import DATABASES, Account, need
from bench.scale.placement import WAYS, fleet

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def parts(text: str) -> dict[str, str]:
    """What is printed below each heading."""
    found = re.split(r"^### (.*)$", text, flags=re.MULTILINE)[1:]
    return {title: body.strip() for title, body in zip(found[::2], found[1::2], strict=True)}


def test_the_page_says_what_the_command_prints() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = dict(re.findall(r"<!-- (.*?) -->\n(.*?)\n<!-- end -->", page, re.DOTALL))
    printed = "\n".join(lines(1, 1000, 100, Account()))
    assert {title: body.strip() for title, body in told.items()} == parts(printed)


def test_the_same_seed_prints_the_same_and_another_does_not() -> None:
    first, again, other = (list(lines(seed, 60, 10, Account())) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_account_has_a_place_and_no_shard_too_many() -> None:
    given = fleet(3, 150, 10, 0.5, DATABASES)
    for place in WAYS.values():
        placed = place(given.rates, given.shards, given.most)
        assert placed.keys() == set(range(150))
        held = [list(placed.values()).count(shard) for shard in range(10)]
        assert max(held) <= DATABASES


def test_a_budget_grants_no_more_in_any_window_and_no_less_than_it_may() -> None:
    budget = Budget()
    granted = [budget.grant(0.0) for _ in range(3 * BUDGET)]
    assert granted == sorted(granted)
    assert [granted[number * BUDGET] for number in range(3)] == [0.0, WINDOW, 2 * WINDOW]
    assert budget.grant(100.0) == 100.0


def test_what_is_needed_grows_with_the_accounts() -> None:
    ten, hundred = need(10, Account()), need(100, Account())
    assert hundred.vcpu_apart == pytest.approx(10 * ten.vcpu_apart)
    assert (ten.servers, hundred.servers) == (1, 7)
    assert (ten.gavels, ten.nodes) == (1, 1)
    assert need(1000, Account()).vcpu_shared < need(1000, Account()).vcpu_apart / 3

"""Every filter, test and operator, by what Plivo is asked to say."""

from tests.e2e.witness.conftest import Stage
from tests.e2e.witness.witnesses import drives
from tests.e2e.witness.words import ASKED, SENT, SPOKEN
from tests.waiting import until


@drives(*(name for name, _, _ in SPOKEN))
def test_each_filter_says_what_it_promises(stage: Stage) -> None:
    stage.enter("w-words")
    stage.trigger("say", "w-words", SENT)
    wanted = [text for _, _, text in SPOKEN]
    until(lambda: len(stage.spoken("w-words")) >= len(wanted), "the words")
    assert stage.spoken("w-words")[: len(wanted)] == wanted


@drives(*(name for name, _, _ in ASKED))
def test_each_condition_lets_through_what_it_promises(stage: Stage) -> None:
    stage.enter("w-conditions")
    stage.trigger("ask", "w-conditions", SENT)
    wanted = [f"condition {n}" for n, (_, _, holds) in enumerate(ASKED) if holds]
    until(lambda: len(stage.spoken("w-conditions")) >= len(wanted), "the answers")
    assert stage.spoken("w-conditions") == wanted

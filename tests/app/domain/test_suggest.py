"""The wording of "did you mean"."""

from app.domain.suggest import did_you_mean


def test_a_suggestion_is_near_or_a_list() -> None:
    assert did_you_mean("mut", ["mute", "deaf"]) == "; did you mean 'mute'?"
    assert did_you_mean("woman", ["MAN", "WOMAN"]) == "; did you mean 'WOMAN'?"
    assert did_you_mean("zzz", ["b", "a"]) == "; there is: a, b"
    assert did_you_mean("zzz", ["b", "a"], in_order=True) == "; there is: b, a"
    assert did_you_mean("zzz", []) == ""

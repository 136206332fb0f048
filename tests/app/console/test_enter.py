"""Enter in a text box does what stands beside the box, or nothing: it presses the first button of
its form, unless that one is disabled (HTML, implicit submission)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

import app.console
from app.store import keys
from tests.app.console.person import Person
from tests.app.console.test_live import live

Visit = Callable[..., Person]
TEMPLATES = sorted(Path(app.console.__file__).parent.glob("templates/console/*.html"))
FORM = re.compile(r"<form.*?</form>", re.DOTALL)
BUTTON = re.compile(r"<button([^>]*)>")
TYPED_INTO = re.compile(r'<input(?![^>]*type="(?:hidden|checkbox|radio)")')


def forms_that_are_typed_into() -> Iterator[tuple[str, str]]:
    for path in TEMPLATES:
        for form in FORM.findall(path.read_text()):
            if TYPED_INTO.search(form):
                yield path.name, form


def test_no_form_with_a_text_box_has_one_of_several_acts_pressed_by_enter() -> None:
    found = list(forms_that_are_typed_into())
    assert len(found) > 10
    for name, form in found:
        first, *others = BUTTON.findall(form)
        assert not others or "disabled" in first, (name, form)


@pytest.mark.parametrize("role", ["operator", "admin"])
def test_enter_says_what_was_typed_to_a_member(visit: Visit, redis: Redis, role: str) -> None:
    live(redis, "room")
    page = visit(role).get(f"/c/{keys.conference_key('room')}").text
    (form,) = (one for one in FORM.findall(page) if 'id="say-1"' in one)
    assert BUTTON.findall(form) == [' name="do" value="speak"']
    assert '<input type="hidden" name="to" value="1">' in form

"""A bar while it takes long: at a terminal, and on the standard error alone."""

import json
import sys
from pathlib import Path

from tests.e2e.story.processes import ROOT, bare_environment, on_terminal

RULES = "version: 1\nrules:\n  - {name: Mute, when: member.entered, do: [{mute: member}]}\n"


def test_replay_shows_how_far_it_is_and_nothing_of_it_where_no_terminal_is(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    event = {"kind": "member.entered", "conference": "a", "data": {"member_id": "1"}}
    lines = [json.dumps({**event, "at": 1000.0 + at}) for at in range(400)]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    command = f"{sys.executable} -m cli replay events.jsonl --rules rules.yaml"
    environ = bare_environment(PYTHONPATH=str(ROOT))
    said = on_terminal(command, tmp_path, environ)
    assert "100%" in said
    assert "400 events replayed, 0 decided differently" in said
    quiet = on_terminal(f"{command} 2>errors", tmp_path, environ)
    assert quiet == "400 events replayed, 0 decided differently\n"
    assert (tmp_path / "errors").read_text() == ""

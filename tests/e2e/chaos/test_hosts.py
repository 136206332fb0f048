"""Where the trial with several hosts can not be made, it says why, and is skipped."""

import pytest

from bench.chaos import __main__ as command


def test_without_namespaces_it_is_skipped_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.argv", ["bench.chaos", "hosts"])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert "skipped hosts: there is no `ip` here: install iproute2\n" in said

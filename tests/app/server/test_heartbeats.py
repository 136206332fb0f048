"""The web server's processes give signs of life without any place to write to."""

import os

from app.server.heartbeats import Heartbeat


def test_a_sign_of_life_can_be_seen() -> None:
    heartbeat = Heartbeat(None)
    os.utime(heartbeat.fileno(), (0, 0))
    heartbeat.notify()
    assert heartbeat.last_update() != 0
    heartbeat.close()


def test_it_is_no_file_of_a_folder() -> None:
    heartbeat = Heartbeat(None)
    assert os.fstat(heartbeat.fileno()).st_nlink == 0
    assert "memfd:gavel-heartbeat" in os.readlink(f"/proc/self/fd/{heartbeat.fileno()}")
    heartbeat.close()

"""Ports for the servers of tests: many look for one at the same time."""

import random

from bench.chaos.processes import free_port

FIRST_OF_CONNECTIONS = 32_768  # Linux' default


def test_no_connection_gets_a_port_that_a_server_will_listen_on() -> None:
    assert all(free_port() < FIRST_OF_CONNECTIONS for _ in range(50))


def test_tests_that_begin_alike_find_different_ports() -> None:
    found = set()
    for _ in range(50):
        random.seed(1)
        found.add(free_port())
    assert len(found) > 25

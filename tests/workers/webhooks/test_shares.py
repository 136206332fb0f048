"""How many webhooks go to one host at once."""

from contextlib import ExitStack

from workers.webhooks.shares import A_HOST, AN_UNPROVEN_HOST, THREADS, UNPROVEN, HostShares


def taken(shares: HostShares, stack: ExitStack, host: str, wanted: int = THREADS) -> int:
    """How many of the wanted shares the host gets; they stay taken."""
    return sum(stack.enter_context(shares.taken(host)) for _ in range(wanted))


def test_a_host_that_never_answered_gets_few_threads_and_one_that_did_more() -> None:
    shares = HostShares()
    with ExitStack() as stack:
        assert taken(shares, stack, "new") == AN_UNPROVEN_HOST
        shares.answered("known", True)
        assert taken(shares, stack, "known") == A_HOST


def test_however_many_hosts_hang_the_other_half_is_for_those_that_answer() -> None:
    shares = HostShares()
    with ExitStack() as stack:
        got = sum(taken(shares, stack, f"hangs-{number}") for number in range(200))
        assert got == UNPROVEN
        for host in ("a", "b"):
            shares.answered(host, True)
            assert taken(shares, stack, host) == A_HOST
        assert taken(shares, stack, "new") == 0


def test_who_stops_answering_is_as_one_that_never_did() -> None:
    shares = HostShares()
    shares.answered("once", True)
    assert shares.pause("once") < shares.pause("new")
    shares.answered("once", False)
    with ExitStack() as stack:
        assert taken(shares, stack, "once") == AN_UNPROVEN_HOST


def test_what_was_given_back_can_be_taken_again() -> None:
    shares = HostShares()
    for _ in range(3):
        with ExitStack() as stack:
            assert taken(shares, stack, "new") == AN_UNPROVEN_HOST

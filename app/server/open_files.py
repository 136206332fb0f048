"""How many files, and so connections, a process may have open."""

import resource


def raise_open_files(wanted: int) -> int:
    """Raise the soft limit of this process and its children to `wanted` as far as the hard one
    allows; never lowers it. Answers how many of the wanted ones there can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(wanted, max(soft, allowed))

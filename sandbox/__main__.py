"""`python -m sandbox`: the local Plivo alone."""

from sandbox.command import main

main()

"""The one pure function: what some events mean for one conference, by the rules."""

from workers.rules.runs import Decision, Run

__all__ = ["Decision", "Run"]

"""A deterministic simulation of the whole path: see docs/guarantees.md, "Simulated"."""

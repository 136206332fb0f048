"""`make chaos`: the promises about losing, repeating, order, time and budget, measured.

Each scenario starts a whole `gavel up` on free ports of 127.0.0.1, posts signed callbacks to it,
stands in for the Conference API (`edge`), kills what it says it kills, and holds the journal and
the edge's log against what was promised. docs/guarantees.md says what each promise means.
"""

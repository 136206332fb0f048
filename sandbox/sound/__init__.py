"""Sound that is true, for those who installed `gavel[sound]` (numpy, soundfile).

Nothing outside imports this package before the first recording ends.
"""

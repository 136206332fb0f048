"""Sound that is true, for those who installed `gavel[sound]` (numpy, soundfile).

Both are imported when the first sound is made, not with this package.
"""

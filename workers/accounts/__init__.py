"""Many accounts in one worker process: their contexts, and what its clock does for them."""

"""`python -m workers.recordings`: one process that copies recordings."""

import sys

from workers.recordings.worker import main

if __name__ == "__main__":
    sys.exit(main())

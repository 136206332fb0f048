"""`python -m workers.recordings`: one process that copies recordings."""

import sys

from app.loading import loading

if __name__ == "__main__":
    with loading():
        from workers.recordings.worker import main
    sys.exit(main())

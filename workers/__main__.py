"""`python -m workers`: one worker process."""

import sys

from app.loading import loading

if __name__ == "__main__":
    with loading():
        from workers.worker import main
    sys.exit(main())

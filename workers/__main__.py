"""`python -m workers`: one worker process."""

import sys

from workers.process import main

if __name__ == "__main__":
    sys.exit(main())

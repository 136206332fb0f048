"""`python -m cli`, and the script `gavel`: Ctrl-C while it still loads is no traceback, either."""

import sys


def main() -> None:
    """The gavel command, of this process's arguments."""
    try:
        from app.loading import loading

        with loading():
            from cli.main import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()

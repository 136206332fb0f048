"""`python -m cli`: the gavel command, also where no script was installed."""

from cli.main import main

if __name__ == "__main__":
    main()

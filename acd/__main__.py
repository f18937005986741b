"""`acd`, and `python -m acd`."""

import sys

from acd.cli.main import run


def main() -> None:
    """Run the command line on this process's arguments."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

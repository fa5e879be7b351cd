"""`python -m ultra` and the `ultra` command."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from ultra.cli.main import run  # noqa: PLC0415 - nothing is imported before it is needed

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

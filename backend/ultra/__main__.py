"""`python -m ultra` and the `ultra` command."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from ultra.cli.main import run  # noqa: PLC0415 - nothing is imported before it is needed

    code = run(sys.argv[1:])
    gc.freeze()  # everything dies with the process; searching it for cycles first took most of a second
    sys.exit(code)


if __name__ == "__main__":
    main()

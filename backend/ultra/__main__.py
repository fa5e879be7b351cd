"""`python -m ultra` and the `ultra` command."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # What is imported stays: with its usual thresholds the collector looks through it again and again, which takes a
    # tenth of every start. A server collects more often once it is up.
    gc.set_threshold(100_000, 10, 10)
    from ultra.cli.main import run  # noqa: PLC0415 - nothing is imported before it is needed

    code = run(sys.argv[1:])
    gc.freeze()  # everything dies with the process; searching it for cycles first took most of a second
    sys.exit(code)


if __name__ == "__main__":
    main()

"""Prints the reference page: `python -m ultra.patterns > docs/reference/patterns.md`."""

import sys

from ultra.patterns.loader import load
from ultra.patterns.reference import reference

if __name__ == "__main__":
    sys.stdout.write(reference(load()))

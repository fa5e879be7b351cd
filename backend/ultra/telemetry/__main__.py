"""`python -m ultra.telemetry FOLDER` writes the metrics' reference page and the dashboards below FOLDER."""

import sys
from pathlib import Path

from ultra.telemetry.documents import written_files


def main(folder: Path) -> None:
    """Write every generated file below `folder`."""
    for name, text in written_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""`python -m ultra.config FOLDER` writes the generated templates and the reference page below FOLDER."""

import sys
from pathlib import Path

from ultra.config.documents import written_files


def main(folder: Path) -> None:
    """Write every generated file below `folder`."""
    for name, text in written_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

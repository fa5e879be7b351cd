"""What every page says of the program and of other pages is there."""

import re
from pathlib import Path

from ultra.config.load import declarations

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_links_lead_somewhere() -> None:
    """A link to a file of this repository names one that is there."""
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_settings_are_called_by_their_names() -> None:
    """A variable that begins like a setting of Ultra is one: any other would refuse the next start."""
    known = {declared.name for declared in declarations()}
    unknown = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in re.findall(r"\bULTRA_[A-Z0-9_]*[A-Z0-9]\b", page.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert not unknown, "\n".join(unknown)

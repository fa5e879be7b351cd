"""Names in `ultra.toml` that mean no model."""

from pathlib import Path

import pytest

from tests.unit.checks.examining import examined, production


def found(folder: Path, text: str, **environ: str) -> list[tuple[str, str]]:
    """Return level and place of every name that means nothing."""
    (folder / "ultra.toml").write_text(text)
    return [(each.level, each.setting) for each in examined(folder, **environ).findings if each.id == "U012"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[aliases]\nfast = ['groq/x', 'openai/y']", [("warning", "ultra.toml, aliases.fast")]),
        ("[aliases]\nbest = 'ultra/consensus'", []),
        ("[panels]\ndefault = ['ultra/consensus']", [("warning", "ultra.toml, panels.default")]),
        ("[panels]\ndefault = ['quick', 'openai/y']", [("error", "ultra.toml, panels.default")]),
        ("[models.'groq/x']\ndisabled = true", [("warning", "ultra.toml, models")]),
        ("[prices.'groq/x']\ninput = '1'\noutput = '2'", [("warning", "ultra.toml, prices")]),
        ("[aliases]\nfast = 'near/x'\n[[providers]]\nname = 'near'\nbase_url = 'https://near.example'", []),
    ],
)
def test_a_name_that_means_nothing_is_said_with_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    """A provider that is not configured may come back: that is a warning. A word that is no alias never works."""
    assert found(tmp_path, text) == expected


def test_a_vendor_that_nobody_is_asked_at_is_not_configured(tmp_path: Path) -> None:
    """Without mock servers, development asks a vendor only where its address is named; production always may."""
    text = "[aliases]\nfast = 'openai/x'"
    assert found(tmp_path, text, ULTRA_MOCK_SERVERS="false") == [("warning", "ultra.toml, aliases.fast")]
    assert found(tmp_path, text, **production()) == []

"""Which keys are somebody's money."""

from pathlib import Path

import pytest

from ultra.config import live_keys, load
from ultra.providers import ROWS

KEY = {"OPENAI_API_KEY": "sk-proj-x"}
GROQ = '[[providers]]\nname = "groq"\npreset = "groq"\n'
NEAR = '[[providers]]\nname = "near"\nbase_url = "{}"\napi_key = "env:NEAR_KEY"\n'


def names(folder: Path, toml: str = "", **environ: str) -> list[str]:
    """Return the names of keys that count, in testing."""
    (folder / "ultra.toml").write_text(toml)
    loaded = load(environ={"ENVIRONMENT": "testing", **environ}, folder=folder, presets=ROWS)
    return [key.name for key in live_keys(loaded, ROWS)]


@pytest.mark.parametrize(
    "more", [{}, {"ULTRA_MOCK_SERVERS": "false"}, {"ULTRA_OPENAI_BASE_URL": "https://llm.example/v1"}]
)
def test_a_vendors_key_counts_wherever_it_is_asked(tmp_path: Path, more: dict[str, str]) -> None:
    """At the vendor, at a named address, and while mock servers stand in."""
    assert names(tmp_path, **KEY, **more) == ["OPENAI_API_KEY"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/v1", "https://localhost:9", "http://[::1]:9/v1", "http://0x7f.1:9"]
)
def test_a_key_for_loopback_is_nobodys_money(tmp_path: Path, url: str) -> None:
    """It goes to a test server on this machine, in every spelling of it, and nowhere else."""
    assert names(tmp_path, **KEY, ULTRA_OPENAI_BASE_URL=url) == []
    assert names(tmp_path, NEAR.format(url), NEAR_KEY="sk-near") == []


def test_keys_of_the_operators_file_count(tmp_path: Path) -> None:
    """By preset, also beside mock servers; by address; from a file."""
    assert names(tmp_path, GROQ, GROQ_API_KEY="gsk") == ["GROQ_API_KEY"]
    assert names(tmp_path, NEAR.format("http://10.0.0.1/v1"), NEAR_KEY="sk-near") == ["NEAR_KEY"]
    (tmp_path / "key").write_text("sk-near")
    reference = f"file:{tmp_path / 'key'}"
    assert names(tmp_path, NEAR.format("https://llm.example").replace("env:NEAR_KEY", reference)) == [reference]


def test_what_is_not_set_does_not_count(tmp_path: Path) -> None:
    """No key, or an empty one."""
    assert names(tmp_path, GROQ, OPENAI_API_KEY="") == []

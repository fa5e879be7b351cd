"""The operator's file: read strictly, judged whole, with the key path of every problem."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.config.toml_file import ProviderTable, UltraToml, read_toml
from ultra.domain.pricing import Price, Tier


@dataclass(frozen=True)
class Known:
    """A preset."""

    base_url: str
    key_setting: str | None = None


OLLAMA = {"ollama": Known("http://127.0.0.1:11434/v1")}

FULL = """
[aliases]
fast = "openai/gpt-5.4-mini"
best = ["anthropic/claude-opus-5-5", "openai/gpt-6.1-sol"]

[panels]
default = ["best", "gemini/gemini-4-argon"]

[[providers]]
name = "home"
preset = "ollama"
base_url = "http://127.0.0.1:11434/v1/"
private = true
models = ["llama4"]

[[providers]]
name = "openai"
private = true

[prices."home/llama4"]
input = "0"
output = 0

[prices."openai/gpt-6.1-sol"]
input = "1.5"
output = "9"
cache_read = "0.15"
as_of = 2026-11-01
tiers = [{ above = 200000, input = "3" }]

[models."home/llama4"]
strength = 30
context_tokens = 32768
"""


def judged(tmp_path: Path, text: str, presets: Collection[str] | None = None) -> dict[str, str]:
    """Read a file of this text; return each problem under its key path."""
    path = tmp_path / "ultra.toml"
    path.write_text(text)
    _, problems = read_toml(path, presets)
    return {problem.setting.removeprefix("ultra.toml, "): str(problem) for problem in problems}


def test_a_full_file_is_read(tmp_path: Path) -> None:
    """Everything it can hold arrives: one target is a list of one, prices are decimals, the slash at the end goes."""
    path = tmp_path / "ultra.toml"
    path.write_text(FULL)
    table, problems = read_toml(path, OLLAMA)
    assert problems == []
    assert table.aliases["fast"] == ("openai/gpt-5.4-mini",)
    assert table.providers[0].base_url == "http://127.0.0.1:11434/v1"
    assert table.private_providers() == {"home", "openai"}
    prices = table.prices_in_force()
    assert prices["home/llama4"].input == prices["home/llama4"].output == 0
    assert prices["openai/gpt-6.1-sol"] == Price(
        Decimal("1.5"),
        Decimal(9),
        cache_read=Decimal("0.15"),
        tiers=(Tier(200000, input=Decimal(3)),),
        source="operator",
        as_of=date(2026, 11, 1),
        overridden=True,
    )


def test_a_preset_gives_address_and_key_where_nothing_else_is_said() -> None:
    """What stands in the file wins; a preset that nobody knows gives nothing."""
    presets = {"groq": Known("https://api.groq.com/v1", "GROQ_API_KEY"), **OLLAMA}
    plain = ProviderTable(name="g", preset="groq")
    assert (plain.address(presets), plain.key(presets)) == ("https://api.groq.com/v1", "env:GROQ_API_KEY")
    own = ProviderTable(name="g", preset="groq", base_url="https://x", api_key="env:MINE")
    assert (own.address(presets), own.key(presets)) == ("https://x", "env:MINE")
    assert ProviderTable(name="o", preset="ollama").key(presets) is None
    assert plain.address(None) is None


def test_no_file_is_an_empty_one() -> None:
    """The file is optional."""
    assert read_toml(None) == (UltraToml(), [])


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ('[alias]\nx = "a/b"', "alias", "aliases"),
        ('[[providers]]\nname = "x"\nbase_urll = "http://x"', "providers[0].base_urll", "base_url"),
        ('[aliases]\nfast = "gpt"', "aliases.fast[0]", "provider/model"),
        ('[prices."a/b"]\ninput = 1.5\noutput = "1"', 'prices."a/b".input', "decimal in quotes"),
        ('[prices."a/b"]\ninput = "-1"\noutput = "1"', 'prices."a/b".input', "zero or more"),
        ('[prices."a/b"]\ninput = "nan"\noutput = "1"', 'prices."a/b".input', "zero or more"),
        ('[prices."a/b"]\ninput = "1"', 'prices."a/b".output', "required"),
        ('[[providers]]\nname = "x"\nbase_url = "http://x"\napi_key = "sk-CANARY"', "providers[0].api_key", "env:NAME"),
        ('[[providers]]\nname = "x"', "providers[0]", "preset or a base_url"),
        ('[[providers]]\nname = "x"\npreset = "nobody"', "providers[0].preset", "ollama"),
        ('[[providers]]\nname = "ultra"\nbase_url = "http://x"', "providers[0]", "ensembles"),
        ('[[providers]]\nname = "openai"\nbase_url = "https://x"', "providers[0]", "ULTRA_OPENAI_BASE_URL"),
        ('[models."a/b"]\ndisabled = "yes"', 'models."a/b".disabled', "boolean"),
        ("[aliases\nx = 1", "ultra.toml", "line 1"),
    ],
)
def test_a_problem_is_named_by_its_key_path(tmp_path: Path, text: str, where: str, says: str) -> None:
    """Each mistake is found where it stands, says what would be right, and never repeats a key."""
    found = judged(tmp_path, text, OLLAMA)
    assert says in found[where]
    assert "CANARY" not in str(found)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    """The second mistake does not hide behind the first."""
    found = judged(tmp_path, '[aliases]\na = "x"\nb = "y"\n[panels]\np = []\n[other]\nz = 1')
    assert set(found) == {"aliases.a[0]", "aliases.b[0]", "panels.p", "other"}


def test_names_of_providers_are_unique(tmp_path: Path) -> None:
    """Two servers cannot share a name."""
    one = '[[providers]]\nname = "x"\nbase_url = "http://x"\n'
    assert "earlier" in judged(tmp_path, one + one)["providers[1]"]


def test_a_file_with_problems_counts_as_empty(tmp_path: Path) -> None:
    """Half a file is never put in force."""
    path = tmp_path / "ultra.toml"
    path.write_text('[aliases]\ngood = "a/b"\nbad = "x"')
    table, problems = read_toml(path)
    assert problems
    assert table == UltraToml()


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Nothing in a file makes reading fail in another way than by naming problems."""
    path = tmp_path_factory.mktemp("toml") / "ultra.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    table, problems = read_toml(path)
    assert problems or isinstance(table, UltraToml)

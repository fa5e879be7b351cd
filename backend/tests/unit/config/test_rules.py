"""Rules about several settings: where providers are asked."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ultra.config import ConfigurationInvalid, Settings, load, vendors


def settings(folder: Path, **environ: str) -> Settings:
    """Load with nothing else given."""
    return load(environ=environ, folder=folder).settings


def test_a_vendor_is_asked_at_the_mock_unless_its_address_is_named(tmp_path: Path) -> None:
    """In development a key alone asks nobody real; an address named on purpose does."""
    made = settings(tmp_path, OPENAI_API_KEY="sk-real", ULTRA_GEMINI_BASE_URL="https://g.example/")
    places = {vendor.name: (vendor.place, vendor.base_url) for vendor in vendors(made)}
    assert places == {
        "openai": ("mock", None),
        "anthropic": ("mock", None),
        "gemini": ("named", "https://g.example"),
    }


def test_production_asks_the_vendors_and_others_ask_nobody_without_mocks(tmp_path: Path) -> None:
    """Without mock servers, only production goes to a vendor's own address by itself."""
    assert {v.place for v in vendors(settings(tmp_path, ENVIRONMENT="production"))} == {"vendor"}
    assert {v.place for v in vendors(settings(tmp_path, ULTRA_MOCK_SERVERS="false"))} == {"off"}


@pytest.mark.parametrize("url", ["http://localhost:8080/v1", "http://0x7f.1:8080", "http://[::1]:8080/"])
def test_ultra_refuses_itself_as_an_upstream(tmp_path: Path, url: str) -> None:
    """An exported base URL meant for a client library must not make Ultra call itself."""
    with pytest.raises(ConfigurationInvalid, match="own address"):
        settings(tmp_path, ULTRA_OPENAI_BASE_URL=url)


def test_production_refuses_neighbours_that_are_not_marked(tmp_path: Path) -> None:
    """Loopback and plain http need `private = true` in ultra.toml; mocks are refused whatever is marked."""
    with pytest.raises(ConfigurationInvalid) as caught:
        settings(tmp_path, ENVIRONMENT="production", ULTRA_OPENAI_BASE_URL="http://llm.lan/v1", ULTRA_MOCK_SERVERS="1")
    assert {each.setting for each in caught.value.problems} == {"ULTRA_OPENAI_BASE_URL", "ULTRA_MOCK_SERVERS"}
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "openai"\nprivate = true\n')
    made = settings(tmp_path, ENVIRONMENT="production", ULTRA_OPENAI_BASE_URL="http://llm.lan/v1")
    assert vendors(made)[0].place == "named"


def test_a_compatible_server_is_judged_like_a_vendor(tmp_path: Path) -> None:
    """Its address in ultra.toml may not be Ultra's own."""
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "me"\nbase_url = "http://localhost:8080/v1"\n')
    with pytest.raises(ConfigurationInvalid, match="own address"):
        settings(tmp_path)


def test_a_presets_usual_address_is_judged_too(tmp_path: Path) -> None:
    """A neighbour that usually sits on Ultra's own port would be Ultra itself."""

    @dataclass(frozen=True)
    class Known:
        base_url: str
        key_setting: str | None = None

    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "lc"\npreset = "llamacpp"\n')
    presets = {"llamacpp": Known("http://127.0.0.1:8080/v1", "LLAMA_KEY")}
    with pytest.raises(ConfigurationInvalid, match="own address"):
        load(environ={"ULTRA_MOCK_SERVERS": "false"}, folder=tmp_path, presets=presets)
    beside_mocks = load(environ={"LLAMA_KEY": "k"}, folder=tmp_path, presets=presets)
    assert beside_mocks.keys["lc"].reveal() == "k"
    assert load(environ={}, folder=tmp_path, presets=["llamacpp"]).keys == {}

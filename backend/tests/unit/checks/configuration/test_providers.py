"""Where providers may be asked, in development and in production."""

from pathlib import Path

import pytest

from tests.unit.checks.examining import errors


@pytest.mark.parametrize("url", ["http://localhost:8080/v1", "http://0x7f.1:8080", "http://[::1]:8080/"])
def test_ultra_refuses_itself_as_an_upstream(tmp_path: Path, url: str) -> None:
    """An exported base URL meant for a client library must not make Ultra call itself."""
    assert "own address" in errors(tmp_path, ULTRA_OPENAI_BASE_URL=url)["ULTRA_OPENAI_BASE_URL"]


def test_production_refuses_neighbours_that_are_not_marked(tmp_path: Path) -> None:
    """Loopback and plain http need `private = true` in ultra.toml; mocks are refused whatever is marked."""
    neighbour = {"ENVIRONMENT": "production", "ULTRA_OPENAI_BASE_URL": "http://llm.lan/v1"}
    found = errors(tmp_path, **neighbour, ULTRA_MOCK_SERVERS="1")
    assert set(found) == {"ULTRA_OPENAI_BASE_URL", "ULTRA_MOCK_SERVERS"}
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "openai"\nprivate = true\n')
    assert errors(tmp_path, **neighbour) == {}


def test_a_compatible_server_is_judged_like_a_vendor(tmp_path: Path) -> None:
    """Its address in ultra.toml may not be Ultra's own."""
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "me"\nbase_url = "http://localhost:8080/v1"\n')
    assert "own address" in errors(tmp_path)["providers.me.base_url"]


def test_a_presets_usual_address_is_judged_too(tmp_path: Path) -> None:
    """A neighbour that usually sits on Ultra's own port would be Ultra itself; beside mocks it is the mock's."""
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "lc"\npreset = "llamacpp"\n')
    assert "own address" in errors(tmp_path, ULTRA_MOCK_SERVERS="false")["providers.lc.base_url"]
    assert errors(tmp_path) == {}

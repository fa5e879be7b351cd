"""Where providers may be asked, in development and in production."""

from pathlib import Path

import pytest

from tests.unit.checks.examining import errors, production


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


@pytest.mark.parametrize(
    "url",
    ["https://ultra.example", "https://ULTRA.example:443/v1", "http://ultra.example./v1", "https://ultra.example/x/v1"],
)
def test_ultra_refuses_its_public_address_as_an_upstream(tmp_path: Path, url: str) -> None:
    """What the world knows as Ultra would lead back here, through whatever proxy, in any spelling."""
    found = errors(tmp_path, **production(ULTRA_OPENAI_BASE_URL=url))
    assert "U031" in found["ULTRA_OPENAI_BASE_URL"]
    here = {"ULTRA_PUBLIC_ORIGIN": "http://localhost:8080", "ULTRA_PORT": "9000"}
    assert "U031" in errors(tmp_path, ULTRA_OPENAI_BASE_URL="http://localhost:8080/v1", **here)["ULTRA_OPENAI_BASE_URL"]


@pytest.mark.parametrize("url", ["https://ultra.example:8443/v1", "https://llm.ultra.example/v1", "https://example/v1"])
def test_what_is_near_its_public_address_is_another(tmp_path: Path, url: str) -> None:
    """Another port or another name may be a model's server."""
    assert errors(tmp_path, **production(ULTRA_OPENAI_BASE_URL=url)) == {}


PRIVATE = [
    "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.1.1", "100.64.0.1", "[fd12::1]", "[fe80::1]", "[::ffff:10.0.0.1]",
    "167772161", "0xa.1", "[64:ff9b::a00:1]", "0.0.0.0",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_production_refuses_private_networks_that_are_not_marked(tmp_path: Path, host: str) -> None:
    """An address that only this network can reach needs the mark, also with TLS; development may ask whom it likes."""
    asked = {"ULTRA_OPENAI_BASE_URL": f"https://{host}:1234/v1"}
    assert "U032" in errors(tmp_path, **production(**asked))["ULTRA_OPENAI_BASE_URL"]
    assert errors(tmp_path, **asked) == {}
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "openai"\nprivate = true\n')
    assert errors(tmp_path, **production(**asked)) == {}


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]", "llm.example", "172.32.0.1"])
def test_public_addresses_need_no_mark(tmp_path: Path, host: str) -> None:
    """Everybody may be asked over https."""
    assert errors(tmp_path, **production(ULTRA_OPENAI_BASE_URL=f"https://{host}/v1")) == {}


METADATA = [
    "169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.100.100.200",
    "metadata.google.internal", "METADATA.google.internal.", "[64:ff9b::a9fe:a9fe]", "169.254.170.2",
]  # fmt: skip


@pytest.mark.parametrize("host", METADATA)
@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_metadata_service_is_refused_whatever_is_marked(tmp_path: Path, host: str, environment: str) -> None:
    """It tells the machine's own credentials, so no environment and no mark makes it a provider."""
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "openai"\nprivate = true\n')
    known = production() if environment == "production" else {}
    found = errors(tmp_path, **known, ULTRA_OPENAI_BASE_URL=f"https://{host}/")
    assert "U037" in found["ULTRA_OPENAI_BASE_URL"]

"""Where each of the three vendors is asked."""

from pathlib import Path

from ultra.config import Settings, load, vendors


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

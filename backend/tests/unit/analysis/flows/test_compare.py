"""All answers stand side by side."""

from tests.unit.analysis.driving import Driven, by_model, plan


def test_compare_shows_everybody_and_waits_for_all() -> None:
    """All answers stand side by side, failures too, without a synthesis."""
    driven = Driven("compare", plan(), by_model(m1="One.", m2=None, m3="Three."))
    assert driven.asks[0].enough is None
    for shown in ("p/m1", "One.", "p/m2", "upstream_failed", "p/m3", "Three."):
        assert shown in driven.verdict.text
    assert driven.verdict.status == "partial"

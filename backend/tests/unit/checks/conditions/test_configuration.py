"""What is found in the configuration shows in the health of the server."""

import pytest

from ultra.checks.conditions.configuration import ConfigurationCondition
from ultra.domain.findings import Finding, Level


@pytest.mark.parametrize(
    ("levels", "health"),
    [((), "pass"), (("info",), "pass"), (("info", "warning"), "warn"), (("warning", "error"), "fail")],
)
async def test_the_gravest_finding_decides(levels: tuple[Level, ...], health: str) -> None:
    """Remarks are no trouble, warnings warn, errors fail; all of them are listed whole."""
    findings = [Finding("U001", level, "DATABASE_URL", "is SQLite.", "Use PostgreSQL.") for level in levels]
    found = await ConfigurationCondition(findings=lambda: findings).look()
    assert found.health == health
    assert found.facts["findings"] == [
        {"id": "U001", "level": level, "setting": "DATABASE_URL", "sentence": "is SQLite.", "hint": "Use PostgreSQL."}
        for level in levels
    ]

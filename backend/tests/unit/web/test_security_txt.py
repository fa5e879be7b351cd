"""Whom to tell about a weakness."""

from datetime import UTC, datetime

from ultra.web.security_txt import written

NOW = datetime(2026, 5, 1, 13, 30, tzinfo=UTC)


def test_a_contact_that_is_given_is_told() -> None:
    """With a date by which to look again, and where the file stands."""
    assert written("https://x.example/tell", origin="https://ultra.example", now=NOW).splitlines() == [
        "Contact: https://x.example/tell",
        "Expires: 2026-05-31T00:00:00Z",
        "Preferred-Languages: en",
        "Canonical: https://ultra.example/.well-known/security.txt",
    ]


def test_without_one_it_is_the_mailbox_every_domain_has() -> None:
    """Of the host that browsers know."""
    told = written(None, origin="https://ultra.example:8443", now=NOW)
    assert told.startswith("Contact: mailto:security@ultra.example\n")
    assert written(None, origin=None, now=NOW).startswith("Contact: mailto:security@localhost\n")

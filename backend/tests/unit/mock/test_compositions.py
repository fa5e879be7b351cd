"""Tests of short texts on request."""

from ultra.mock.compositions import write
from ultra.mock.matter import find


def test_writes_what_was_asked_for():
    """The kind decides the form, the question's words are in it, and models write different texts."""
    haiku = {write(find("Write a haiku about autumn"), model=str(index), seed="1") for index in range(20)}
    assert len(haiku) > 1
    assert all(len(text.splitlines()) == 3 and "autumn" in text.lower() for text in haiku)
    email = write(find("Write an email to my landlord about the heating"), model="m", seed="1")
    assert email.startswith("Subject: ")
    assert "the heating" in email.lower()
    assert "your landlord" not in email

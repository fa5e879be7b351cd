"""One-time links as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.encodings import fingerprint
from ultra.auth.links import LIFETIMES, username_in, write


@pytest.mark.parametrize("purpose", ["sign-in", "reset"])
async def test_a_link_is_kept_as_its_hash(house, purpose) -> None:
    """Its text names its user and purpose and stands in nothing that is kept."""
    user = await house.user("Ann.b@ultra.example")
    written = write(user, purpose, system=house.system)
    assert username_in(written.text, purpose) == "Ann.b@ultra.example"
    assert username_in(written.text, "reset" if purpose == "sign-in" else "sign-in") is None
    assert written.link.hash == fingerprint(written.text)
    assert (written.link.user_id, written.link.purpose) == (user.id, purpose)
    assert written.link.expires_at - written.link.created_at == LIFETIMES[purpose]
    assert written.text not in repr(written)
    assert write(user, purpose, system=house.system).text != written.text


@given(st.one_of(st.text(), st.from_regex(r"ultra_ln_[sr]_[A-Za-z0-9_-]{1,9}\.[A-Za-z0-9_-]{1,9}", fullmatch=True)))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing is raised."""
    for purpose in ("sign-in", "reset"):
        name = username_in(text, purpose)
        assert name is None or isinstance(name, str)

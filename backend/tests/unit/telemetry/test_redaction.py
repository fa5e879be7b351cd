"""What looks like a secret is masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.telemetry import redaction
from ultra.telemetry.redaction import MASK, mask_event, masked


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("key sk-abcdefghijklmnop1234 ends", f"key {MASK} ends"),
        ("ultra_sk_abcdefghijklmnop1234", MASK),
        ("gsk_abcdefghijklmnop1234", MASK),
        ("xai-abcdefghijklmnop1234", MASK),
        ("AIzaSyAbcdefghijklmnop1234", MASK),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ("GET /v1beta/models?key=abc&alt=sse", f"GET /v1beta/models?key={MASK}&alt=sse"),
        ("postgresql://user:word@host/name", f"postgresql://{MASK}@host/name"),
        ("GET /api/analyses/ultra_rt_kJ8-x_y", f"GET /api/analyses/{MASK}"),
        ("link=ultra_ln_s_kJ8-x_y.YW5u&x=1", f"link={MASK}&x=1"),
        ("/nope/eyJhbGciOi.eyJzdWIi.c2ln-_ ends", f"/nope/{MASK} ends"),
        ("/nope/eyJhbGciOi.eyJzdWIi", f"/nope/{MASK}"),
        ("X-Test-Mode: v1.admin.user.170.nonce.abc=", f"X-Test-Mode: {MASK}"),
        ("POST /v1/chat/completions", "POST /v1/chat/completions"),
        ("ultra_rt", "ultra_rt"),
    ],
)
def test_secrets_are_replaced(text: str, clean: str) -> None:
    """Keys, bearer tokens, keys in queries and passwords in addresses are masked, and nothing around them."""
    assert masked(text) == clean


_PIECES = [
    "sk-",
    "pk_",
    "Bearer ",
    "?key=",
    "://",
    "a:b@",
    "x" * 16,
    " ",
    "AIza",
    "ghp_",
    "u",
    "ultra_",
    "rt_",
    "eyJ",
    ".",
]


@given(st.lists(st.sampled_from([*_PIECES, "v1", "admin"])))
def test_looking_for_signs_first_misses_nothing(pieces: list[str]) -> None:
    """The quick look gives the same as the pattern itself."""
    text = "".join(pieces)
    assert masked(text) == redaction._SECRETS.sub(MASK, text)


def test_only_texts_of_an_event_are_looked_at() -> None:
    """Numbers stay numbers."""
    assert mask_event(None, "info", {"n": 1, "text": "Bearer abc"}) == {"n": 1, "text": f"Bearer {MASK}"}

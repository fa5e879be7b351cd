"""Access tokens: one algorithm, one spelling, every claim."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.key_ring import read_ring
from ultra.auth.tokens import LIFETIME_S, SPREAD_S, AccessTokens, BadToken

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": "now"}


def encoded(value: Any) -> str:
    """Return a part of a token; text is taken as JSON already."""
    data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
def tokens(house) -> AccessTokens:
    """Return an issuer."""
    return house.access_tokens


@pytest.fixture
def claims(house) -> dict[str, Any]:
    """Claims of a good token."""
    now = int(house.system.now().timestamp())
    return {
        "iss": "https://ultra.example",
        "aud": "ultra-api",
        "sub": "user_ann",
        "sid": "family_1",
        "jti": "jti_1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "ver": 1,
    }


@pytest.fixture
def signed(house):
    """Signs any header and payload with the real key, as only a broken or bought signer could."""

    def sign(payload: Any, header: Any = HEADER, kid: str = "now") -> str:
        message = f"{encoded(header)}.{encoded(payload)}"
        mac = hmac.new(house.signing.secrets[kid], message.encode(), hashlib.sha256).digest()
        return message + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    return sign


def cause_of(tokens: AccessTokens, text: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(BadToken) as caught:
        tokens.read(text)
    return caught.value.cause


def test_what_is_issued_is_read(house, tokens) -> None:
    """A token says whose it is, of which sign-in, and ends after ten minutes."""
    claims = tokens.read(tokens.issue(user_id="user_ann", family_id="family_1", version=3))
    assert (claims.user_id, claims.family_id, claims.version) == ("user_ann", "family_1", 3)
    assert (claims.expires_at - house.system.now()).total_seconds() == LIFETIME_S == 600


def test_the_hand_made_token_is_good(tokens, claims, signed) -> None:
    """What the refusals below start from is accepted as it stands."""
    assert tokens.read(signed(claims)).user_id == "user_ann"


def test_tokens_have_ids_of_their_own(tokens) -> None:
    """No two tokens are the same, even in the same second."""
    one, other = (tokens.issue(user_id="u", family_id="f", version=1) for _ in range(2))
    assert tokens.read(one).token_id != tokens.read(other).token_id


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "NONE", "nOnE", "", None, 0, ["HS256"], "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA"],
)
def test_no_other_algorithm_is_taken(tokens, claims, signed, alg) -> None:
    """The algorithm is HS256 in exactly this spelling, whatever the token says of itself."""
    header = HEADER | {"alg": alg}
    assert cause_of(tokens, signed(claims, header)) == "header"
    unsigned = f"{encoded(header)}.{encoded(claims)}"
    assert cause_of(tokens, unsigned + ".") == cause_of(tokens, unsigned) == "malformed"


def test_an_algorithm_that_is_signed_well_is_refused_too(house, tokens, claims) -> None:
    """A token signed with another algorithm of the same family and the real key is not good."""
    key = house.signing.secrets["now"] * 2
    text = jwt.encode(claims, key, algorithm="HS512", headers={"typ": "at+jwt", "kid": "now"})
    assert cause_of(tokens, text) == "malformed"


def test_a_header_without_algorithm_is_refused(tokens, claims, signed) -> None:
    """`alg` is required."""
    assert cause_of(tokens, signed(claims, {"typ": "at+jwt", "kid": "now"})) == "header"


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "http://127.0.0.1:9/keys"},
        {"jku": "file:///etc/passwd"},
        {"x5u": "https://127.0.0.1:9/"},
        {"x5c": ["data:,x"]},
        {"crit": ["x"], "x": 1},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"enc": "A256GCM"},
        {"KID": "now"},
    ],
)
def test_a_header_says_three_things_only(tokens, claims, signed, extra) -> None:
    """Keys inside the token, critical extensions, compression and nesting are refused, signed or not."""
    assert cause_of(tokens, signed(claims, HEADER | extra)) == "header"


@pytest.mark.parametrize("typ", ["JWT", "AT+JWT", "application/at+jwt", "", None, 1, ["at+jwt"]])
def test_the_type_is_exact(tokens, claims, signed, typ) -> None:
    """Another kind of JWT is no access token."""
    assert cause_of(tokens, signed(claims, HEADER | {"typ": typ})) == "header"
    assert cause_of(tokens, signed(claims, {"alg": "HS256", "kid": "now"})) == "header"


@pytest.mark.parametrize("kid", ["other", "", None, 0, ["now"], {"now": 1}, "../now", "NOW"])
def test_the_key_is_one_of_the_ring(tokens, claims, signed, kid) -> None:
    """A key id that is not in the ring, or is no text, is refused."""
    assert cause_of(tokens, signed(claims, HEADER | {"kid": kid})) == "unknown_kid"


def test_an_older_key_still_verifies_and_the_first_signs(house, tokens, claims, signed) -> None:
    """After a rotation tokens of the key before are good; new ones name the first key."""
    old = HEADER | {"kid": "old"}
    assert tokens.read(signed(claims, old, kid="old")).user_id == "user_ann"
    assert cause_of(tokens, signed(claims, old, kid="now")) == "signature"
    issued = tokens.issue(user_id="u", family_id="f", version=1)
    assert jwt.get_unverified_header(issued) == HEADER
    alone = house.issuing(read_ring("now:another-" + "secret-of-more-than-32-bytes-0123"))
    assert cause_of(alone, issued) == "signature"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "ver"])
def test_every_claim_is_required(tokens, claims, signed, claim) -> None:
    """A token without one of the claims, or with it null, of another type or empty, is refused."""
    missing = {key: value for key, value in claims.items() if key != claim}
    assert cause_of(tokens, signed(missing)) == "claims"
    for value in (None, [], {}, True, "", [claims[claim]], -1, 1.5, 2**53, 2**60):
        assert cause_of(tokens, signed(claims | {claim: value})) == "claims", value


@pytest.mark.parametrize("claim", ["sub", "sid", "jti"])
@pytest.mark.parametrize("value", ["family\0_1", "\0", "a b", "f\u00e4mily", "x" * 201])
def test_no_store_is_asked_for_what_is_no_name(tokens, claims, signed, claim, value) -> None:
    """A name with NUL, spaces or letters beyond ASCII, or without end, is refused like every other token."""
    assert cause_of(tokens, signed(claims | {claim: value})) == "claims"


def test_a_claim_nobody_knows_is_refused(tokens, claims, signed) -> None:
    """A token says what Ultra's tokens say and nothing else."""
    assert cause_of(tokens, signed(claims | {"role": "admin"})) == "claims"


@pytest.mark.parametrize(
    "aud", ["ultra", "ultra-api2", "ULTRA-API", ["ultra-api", "other"], ["ultra-api"], None, {"ultra-api": 1}]
)
def test_the_audience_is_strict(tokens, claims, signed, aud) -> None:
    """One audience, as text, exactly."""
    assert cause_of(tokens, signed(claims | {"aud": aud})) == "claims"


@pytest.mark.parametrize("iss", ["https://ultra.example.evil", "https://ultra.exampl", "", "ultra", "https://"])
def test_the_issuer_is_exact(tokens, claims, signed, iss) -> None:
    """A part of the issuer, or more than it, is another issuer."""
    assert cause_of(tokens, signed(claims | {"iss": iss})) == "claims"


@pytest.mark.parametrize(
    ("shift", "cause"),
    [
        ({"nbf": 60}, "not_yet_valid"),
        ({"iat": 60}, "not_yet_valid"),
        ({"iat": 3600, "exp": 4200}, "not_yet_valid"),
        ({"nbf": 31}, "not_yet_valid"),
        ({"nbf": 30}, None),
        ({"iat": 30, "exp": 630}, None),
        ({"exp": -30}, "expired"),
        ({"exp": -29}, None),
        ({"exp": 601}, "lifetime"),
        ({"exp": 86_400}, "lifetime"),
    ],
)
def test_times_have_thirty_seconds_of_leeway(tokens, claims, signed, shift, cause) -> None:
    """Not before, issued at and expiry are judged by the system's clock, and none lives longer than ten minutes."""
    shifted = claims | {name: claims["iat"] + by for name, by in shift.items()}
    if cause is None:
        assert tokens.read(signed(shifted)).user_id == "user_ann"
    else:
        assert cause_of(tokens, signed(shifted)) == cause


def test_a_token_ends_with_the_clock(house, tokens) -> None:
    """Ten minutes and the leeway later a token is not good any more."""
    text = tokens.issue(user_id="u", family_id="f", version=1)
    house.system.advance(LIFETIME_S + 29)
    assert tokens.read(text)
    house.system.advance(1)
    assert cause_of(tokens, text) == "expired"


def test_other_spellings_of_the_signature_are_refused(tokens) -> None:
    """The three other last characters that decode alike, padding, and characters a decoder would skip are refused."""
    text = tokens.issue(user_id="u", family_id="f", version=1)
    place = ALPHABET.index(text[-1])
    assert place % 4 == 0
    twins = [text[:-1] + ALPHABET[place + more] for more in (1, 2, 3)]
    for twin in twins:
        assert base64.urlsafe_b64decode(twin.split(".")[2] + "=") == base64.urlsafe_b64decode(text.split(".")[2] + "=")
    insertions = [text[:-5] + odd + text[-5:] for odd in ("!", " ", "\n", "\t", "=", "\0", "é")]
    for other in [*twins, text + "=", text + "==", text + "\n", " " + text, *insertions]:
        assert cause_of(tokens, other) == "malformed"


def test_other_spellings_of_header_and_payload_are_refused(tokens, signed, claims) -> None:
    """Spare bits in the parts that are signed are judged too: one token has one text."""
    header, payload, _ = signed(claims | {"sub": "user_a"}).split(".")
    changed = 0
    for first, second in ((header, payload), (payload, header)):
        last = ALPHABET.index(first[-1])
        if len(first) % 4 == 0:
            continue
        twin = first[:-1] + ALPHABET[last | 1]
        pair = (twin, second) if first is header else (second, twin)
        assert cause_of(tokens, ".".join([*pair, "A" * 43])) == "malformed"
        changed += 1
    assert changed


def test_a_token_has_4096_characters_at_most(tokens) -> None:
    """In bounds it is looked at, one character more in either part and it is not."""
    header, payload, mac = "A" * 1024, "A" * 3027, "A" * 43
    assert len(f"{header}.{payload}.{mac}") == 4096
    with_header = encoded(HEADER)
    assert cause_of(tokens, f"{with_header}.{encoded({'a': 'b' * 2200})}.{mac}") == "signature"
    for long in (f"{header}A.{payload[:-1]}.{mac}", f"{header}.{payload}A.{mac}"):
        assert cause_of(tokens, long) == "malformed"


@pytest.mark.parametrize("dots", [0, 1, 3, 4, 10_000])
def test_a_token_has_two_dots(tokens, dots) -> None:
    """Other numbers of parts, a JWE's five among them, are refused."""
    assert cause_of(tokens, "AAAA" + ".AAAA" * dots) == "malformed"


def test_a_huge_token_costs_nothing(tokens) -> None:
    """A megabyte is refused without being decoded."""
    began = time.process_time()
    assert cause_of(tokens, "A" * 500_000 + "." + "A" * 500_000 + "." + "A" * 43) == "malformed"
    assert cause_of(tokens, "." * 1_000_000) == "malformed"
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "payload",
    ['{"sub":"\\ud800"}', '{"exp":1,"exp":2}', "[]", '"x"', "null", "NaN", '{"exp":NaN}', "{", "[" * 2000, '{"a":' * 9],
)
def test_a_payload_is_strict_json(tokens, signed, payload) -> None:
    """Lone surrogates, duplicate names, and what is no object are refused, signed or not."""
    assert cause_of(tokens, signed(payload)) == "malformed"


def test_a_header_is_strict_json(tokens, claims, signed) -> None:
    """A name that stands twice in the header is refused: readers disagree which one counts."""
    header = '{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"now"}'
    assert cause_of(tokens, signed(claims, header)) == "malformed"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_any_change_breaks_the_signature(tokens, part) -> None:
    """A bit changed in any part is noticed."""
    parts = tokens.issue(user_id="user_ann", family_id="family_1", version=1).split(".")
    parts[part] = parts[part][:4] + ("A" if parts[part][4] != "A" else "B") + parts[part][5:]
    assert cause_of(tokens, ".".join(parts)) in ("signature", "malformed", "header")


@given(text=st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{43}")))
def test_no_text_is_good_or_breaks_the_reader(text: str) -> None:
    """Whatever is presented, the answer is a refusal."""
    from tests.fakes.system import FakeSystem

    ring = read_ring("now:abcdefghijklmnopqrstuvwxyz0123456789")
    with pytest.raises(BadToken):
        AccessTokens(ring=ring, issuer="x", system=FakeSystem()).read(text)


def test_another_ring_checks_at_once_and_signs_when_all_have_it(house, tokens) -> None:
    """After a reload the key that signed so far goes on signing for a moment; then the first of the new ring does."""
    before = tokens.issue(user_id="user_ann", family_id="family_1", version=1)
    kid, secret = tokens._ring.first, tokens._ring.secrets[tokens._ring.first].decode()
    ring = read_ring(f"fresh:{'0123456789abcdef' * 4},{kid}:{secret}")
    tokens.replace_ring(ring)
    assert tokens.read(before).user_id == "user_ann"

    def signer() -> str:
        return str(jwt.get_unverified_header(tokens.issue(user_id="u", family_id="f", version=1))["kid"])

    assert signer() == kid
    house.system.advance(SPREAD_S)
    assert signer() == "fresh"
    assert tokens.read(before).user_id == "user_ann"


def test_a_key_that_left_the_ring_neither_signs_nor_checks(tokens) -> None:
    """A secret that has been given up is given up at once."""
    before = tokens.issue(user_id="user_ann", family_id="family_1", version=1)
    tokens.replace_ring(read_ring(f"other:{'0123456789abcdef' * 4}"))
    after = tokens.issue(user_id="user_ann", family_id="family_1", version=1)
    assert jwt.get_unverified_header(after)["kid"] == "other"
    with pytest.raises(BadToken):
        tokens.read(before)

"""Which passwords are refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.password_rules import judge


@pytest.mark.parametrize(
    "password",
    [
        "violin harbour ninety lamps",
        "xK9$mQ2!vL7#",
        "739184650274",
        "%^7&*2(9)#8+6=",
        "ultra-correct-horse-lamp",
        "ann buys seven grey lamps",
        "grüne Wälder, kalte Füße",
        "密码很长很长的一句话没有人猜得到",
        "zq" + "K8vB3nW9xR" * 20,
    ],
)
def test_what_nobody_guesses_is_accepted(password: str) -> None:
    """Phrases and random texts of twelve characters and more, in any script."""
    assert judge(password, "ann") is None


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("xK9$mQ2!vL7", "fewer than 12"),
        ("", "fewer than 12"),
        ("密码很长很长", "fewer than 12"),
        ("é" * 3 + "violin harbour " * 68, "more than 1024 bytes"),
        ("violin\0harbour lamps", "NUL"),
        ("violin harbour\ud800", "Unicode"),
        ("aaaaaaaaaaaa", "repeats"),
        ("xyxyxyxyxyxyxyxy", "repeats"),
        ("k8Zvq2k8Zvq2k8Zvq2", "repeats"),
        ("k8Zvqk8Zvqk8Zvqk8", "repeats"),
        ("abcdefghijkl", "sequence"),
        ("lkjihgfedcba", "sequence"),
        ("012345678901", "sequence"),
        ("QWERTYuiop[]"[:10] + "asdf", "sequence"),
        ("1qaz2wsx3edc", "sequence"),
        ("abcdefgh1234", "sequence"),
        ("ultra-ann-99", "name"),
        ("Ultra4321876", "name"),
        ("annabelle1952", "name"),
        ("ellebanna1952", "name"),
        ("Password1234!", "common"),
        ("P4ssw0rd2024!!", "common"),
        ("passwordpassword", "common"),
        ("sunshinemonkey", "common"),
        ("pass-word-1234", "common"),
        ("iloveyou20242024", "common"),
        ("correct horse battery staple", "common"),
        ("ＰＡＳＳＷＯＲＤ１２３４", "common"),
    ],
)
def test_what_everybody_guesses_is_refused(password: str, word: str) -> None:
    """Each rule says what is wrong, and never repeats the password."""
    name = "annabelle" if "elle" in password else "annie"
    reason = judge(password, name if "ann-" not in password else "ann")
    assert reason is not None
    assert word in reason
    assert not password or password not in reason


def test_the_name_is_known_in_front_of_an_at_sign_too() -> None:
    """Of an address the part before the at sign is a name."""
    assert judge("wilhelmina-77", "wilhelmina@ultra.example") is not None
    assert judge("wilhelmina-77", "ann") is None


def test_a_long_password_is_judged_quickly() -> None:
    """The longest password allowed costs little."""
    began = time.process_time()
    judge("ab1" * 341, "ann")
    judge("".join(chr(97 + place * 7 % 26) for place in range(1024)), "ann")
    assert time.process_time() - began < 1


@given(password=st.text(max_size=80), username=st.text(max_size=20))
def test_every_text_is_judged(password: str, username: str) -> None:
    """An answer for each; whatever is shorter than twelve characters is refused."""
    reason = judge(password, username)
    assert reason is None or isinstance(reason, str)
    assert reason is not None or len(password) >= 12

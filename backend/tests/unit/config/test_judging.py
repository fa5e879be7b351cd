"""One value is judged by itself, before it is anywhere."""

import pytest

from ultra.config import judge_value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ULTRA_PORT", "1"),
        ("ULTRA_PUBLIC_ORIGIN", ""),
        ("ULTRA_CORS_ORIGINS", "https://a.example,\nhttps://b.example"),
        ("ULTRA_MOCK_SERVERS", "true"),
        ("OPENAI_API_KEY", "sk-1"),
        ("OPENAI_API_KEY", ""),
        ("MINE", "ünïcode"),
    ],
)
def test_a_right_value_is_let_pass(name: str, value: str) -> None:
    """Types, bounds and choices are kept; that other settings are missing does not matter."""
    assert judge_value(name, value) is None


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ULTRA_PORT", "65536", "less than or equal to 65535"),
        ("ULTRA_PORT", "", "may not be empty"),
        ("ULTRA_LOG_LEVEL", "loud-and-secret", "should be 'debug'"),
        ("ULTRA_OPENAI_BASE_URL", "ftp://loud-and-secret", "begins with https://"),
        ("OPENAI_API_KEY", "loud-and-\nsecret", "line break"),
        ("MINE", "loud-and-\x1bsecret", "control character"),
        ("ULTRA_DATA_DIR", "\udcff", "UTF-8"),
    ],
)
def test_a_wrong_value_is_refused_with_a_reason(name: str, value: str, sentence: str) -> None:
    """The reason says what is allowed and does not repeat the value."""
    problem = judge_value(name, value)
    assert problem is not None
    assert sentence in str(problem)
    assert "loud" not in str(problem)

"""Values of requests are read as they are described."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from ultra.api.notation import Moment, Usd

MOMENT: TypeAdapter[object] = TypeAdapter(Moment)
USD: TypeAdapter[object] = TypeAdapter(Usd)


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456+02:00", "2026-01-31 12:00:00z"])
def test_a_moment_is_written_with_its_zone(text) -> None:
    """As RFC 3339 has it."""
    assert MOMENT.validate_python(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_is_one_in_every_zone(text) -> None:
    """What falls out of the calendar when it is read elsewhere is refused, not stumbled over."""
    with pytest.raises(ValidationError, match="calendar"):
        MOMENT.validate_python(text)


@pytest.mark.parametrize("value", ["0.5", "1", 1, 0.5, "2026-01-31", "2026-01-31T12:00:00", "", None, True])
def test_a_number_is_no_moment(value) -> None:
    """Nor is a day, or a moment without a zone."""
    with pytest.raises(ValidationError):
        MOMENT.validate_python(value)


@pytest.mark.parametrize(
    ("value", "amount"),
    [("0.05", "0.05"), ("12", "12"), (1, "1"), (0.1 + 0.2, "0.3"), (0.000001, "0.000001"), ("999999", "999999")],
)
def test_an_amount_is_exact_to_a_millionth(value, amount) -> None:
    """A text as it stands, a number rounded."""
    assert USD.validate_python(value) == Decimal(amount)


@pytest.mark.parametrize(
    "value",
    ["", "0", "-1", "1e3", "01", ".5", "0.0000001", " 1", "NaN", 0, -1, 1e-9, 1e18, float("nan"), float("inf"), None],
)
def test_what_is_no_amount_is_refused(value) -> None:
    """Nothing, less, too much, or written otherwise."""
    with pytest.raises(ValidationError):
        USD.validate_python(value)

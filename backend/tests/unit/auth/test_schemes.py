"""Schemes leave to others what is not theirs."""

import pytest

from ultra.auth.credentials import Presented
from ultra.auth.schemes import NotGood


@pytest.mark.parametrize("kind", ["session", "token", "key", "test"])
@pytest.mark.parametrize("text", ["anything", None])
async def test_each_kind_has_one_scheme(house, kind, text) -> None:
    """One refuses what is bad, all others say that it is not theirs."""
    refused, passed = 0, 0
    for scheme in house.authenticator()._schemes:
        try:
            assert await scheme.prove(Presented(kind, text), house.approach()) is None
            passed += 1
        except NotGood:
            refused += 1
    assert (refused, passed) == (1, 3)

"""A gateway that asks once."""

import pytest

from ultra.gateway.policy import Policy

ONCE = Policy(max_attempts=1)


@pytest.fixture
def hasty(make_bench):
    """Return a gateway that never asks the same model twice."""
    return make_bench(policy=ONCE)

"""What a route asks of its caller decides how much may be sent to it."""

import pytest

from ultra.domain.identity import Permission
from ultra.gate.need import Need

MIB = 1 << 20


@pytest.mark.parametrize(
    ("need", "most"),
    [
        (Need(None, "sign_in"), 64 * 1024),
        (Need(Permission.KEYS_WRITE, "write"), MIB),
        (Need(Permission.RUNS_CREATE, "run"), 32 * MIB),
        (Need(Permission.COMPLETIONS_CREATE, "completion"), 32 * MIB),
    ],
)
def test_only_prompts_may_be_large(need: Need, most: int) -> None:
    """Least may be sent where anybody may; nothing is ever larger than what is set for all."""
    assert need.most_bytes(32 * MIB) == most
    assert need.most_bytes(1000) == 1000

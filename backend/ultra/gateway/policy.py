"""The numbers a gateway lives by, named once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in seconds, shares between 0 and 1; counts are per model where nothing else is said."""

    max_attempts: int = 3
    """Upstream calls to one candidate, the first included."""
    backoff_base_s: float = 0.5
    """The longest first wait; it doubles with every further attempt."""
    backoff_cap_s: float = 8.0
    """No pause is longer; a vendor that asks for a longer one is an error."""
    patience_s: float = 1.0
    """A longer wait is not spent on this candidate while another one can be asked at once."""
    retry_share: float = 0.1
    """Retries among the calls of the last `retry_window_s`, so that an outage is not amplified."""
    retry_floor: int = 10
    """As many retries are allowed in that time however few calls there were."""
    retry_window_s: float = 10.0

    breaker_failures: int = 5
    """So many countable failures in a row open a breaker."""
    breaker_ratio: float = 0.5
    """So does this share of failures among at least `breaker_minimum` calls of the last `breaker_window_s`."""
    breaker_minimum: int = 20
    breaker_window_s: float = 60.0
    open_base_s: float = 5.0
    """How long a breaker stays open the first time; it doubles each time a probe fails."""
    open_cap_s: float = 300.0
    block_cap_s: float = 600.0
    """A vendor's `retry_after` keeps callers away for no longer than this: a skewed clock must not ban a model."""
    fair_wait_s: float = 3.0
    """A caller's own deadline speaks against the vendor only when it left the vendor this long."""
    quota_recheck_s: float = 60.0
    """A model whose quota was used up is asked again after this long where nobody said when."""

    bytes_per_token: float = 3.6
    assumed_output_tokens: int = 8192
    """The worst case to reserve for when neither the request nor the model has a limit."""

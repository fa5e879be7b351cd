"""What a key or a user may use at most, as it is sent."""

from pydantic import BaseModel, ConfigDict, Field

from ultra.api.notation import Usd
from ultra.domain.identity import Allowance


class AllowanceIn(BaseModel):
    """Every field left out is the server's own default."""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    tokens_per_minute: int | None = Field(None, ge=1, le=1_000_000_000)
    concurrency: int | None = Field(None, ge=1, le=10_000)
    daily_budget_usd: Usd | None = None
    monthly_budget_usd: Usd | None = None

    def value(self) -> Allowance:
        """Return it as the house knows it."""
        return Allowance(**self.model_dump())


def allowed(given: AllowanceIn | None) -> Allowance:
    """Return what was given, or the server's defaults."""
    return Allowance() if given is None else given.value()

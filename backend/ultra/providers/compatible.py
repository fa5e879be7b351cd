"""Servers that speak OpenAI's wire: a vendor is a row, not a class.

A row is enough while the difference is a name, a field or a missing feature. When a server needs another path, another
stream or another body, it has its own wire and deserves its own file beside `openai`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import aiohttp

from ultra.domain.models import Capabilities
from ultra.providers.calls import Timeouts
from ultra.providers.openai import OpenAI
from ultra.providers.openai.dialect import Dialect
from ultra.system import System


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of server: where it is, how its key setting is called, and how its wire differs.

    `key_setting` None means that it needs no key; one that is given is sent all the same.
    """

    name: str
    base_url: str
    key_setting: str | None
    dialect: Dialect

    @property
    def is_self_hosted(self) -> bool:
        """Whether this kind of server usually runs on its user's own machine, where no token is charged."""
        return "127.0.0.1" in self.base_url


_CLASSIC = Dialect(
    max_tokens_field="max_tokens",
    instructions_role="system",
    end_user_field="user",
    takes_allowed_tools=False,
)
"""What nearly every server understands: OpenAI's wire as it was before `developer` and `max_completion_tokens`."""


def row_for(name: str, base_url: str, key_setting: str | None = None) -> Row:
    """Return a row for any server that is known by its base URL only."""
    return Row(name, base_url, key_setting, _CLASSIC)


ROWS: Mapping[str, Row] = {
    row.name: row
    for row in (
        Row(
            "ollama",
            "http://127.0.0.1:11434/v1",
            None,
            replace(_CLASSIC, end_user_field=None, takes_parallel_choice=False),
        ),
        Row("vllm", "http://127.0.0.1:8000/v1", None, replace(_CLASSIC, takes_top_k=True)),
        Row(
            "llamacpp",
            "http://127.0.0.1:8080/v1",
            None,
            replace(_CLASSIC, takes_top_k=True, takes_reasoning_effort=False),
        ),
        Row(
            "groq",
            "https://api.groq.com/openai/v1",
            "GROQ_API_KEY",
            replace(_CLASSIC, max_tokens_field="max_completion_tokens", most_stops=4, takes_penalties=False),
        ),
        Row(
            "mistral",
            "https://api.mistral.ai/v1",
            "MISTRAL_API_KEY",
            replace(
                _CLASSIC,
                seed_field="random_seed",
                required_choice="any",
                takes_stream_options=False,
                takes_reasoning_effort=False,
                end_user_field=None,
            ),
        ),
        Row(
            "deepseek",
            "https://api.deepseek.com/v1",
            "DEEPSEEK_API_KEY",
            replace(
                _CLASSIC,
                takes_json_schema=False,
                takes_seed=False,
                takes_reasoning_effort=False,
                takes_parallel_choice=False,
                end_user_field=None,
            ),
        ),
        Row("xai", "https://api.x.ai/v1", "XAI_API_KEY", replace(_CLASSIC, max_tokens_field="max_completion_tokens")),
        Row("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", replace(_CLASSIC, takes_top_k=True)),
        Row("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", replace(_CLASSIC, takes_top_k=True)),
    )
}
"""The servers known by name."""


class Compatible(OpenAI):
    """Any server with OpenAI's wire, as its row says; `name` and `base_url` may differ from the row's."""

    name = "compatible"

    def __init__(
        self,
        *,
        row: Row,
        session: aiohttp.ClientSession,
        key: Callable[[], str | None],
        system: System,
        timeouts: Timeouts,
        name: str | None = None,
        base_url: str | None = None,
        key_hint: str = "",
        capabilities: Callable[[str], Capabilities | None] = lambda _: None,
    ) -> None:
        self.name = name or row.name
        self.dialect = row.dialect
        self.needs_key = row.key_setting is not None
        hint = f"Set {row.key_setting}." if row.key_setting else ""
        super().__init__(
            session=session,
            base_url=base_url or row.base_url,
            key=key,
            system=system,
            timeouts=timeouts,
            key_hint=key_hint or hint,
            capabilities=capabilities,
        )

"""How a server's OpenAI wire differs from OpenAI's own: facts, not code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences that occur among servers that speak this wire; the defaults are OpenAI's own ways."""

    max_tokens_field: str = "max_completion_tokens"
    instructions_role: str = "developer"
    end_user_field: str | None = "safety_identifier"
    takes_stream_options: bool = True
    takes_top_k: bool = False
    takes_seed: bool = True
    seed_field: str = "seed"
    takes_penalties: bool = True
    takes_reasoning_effort: bool = True
    takes_allowed_tools: bool = True
    takes_parallel_choice: bool = True
    takes_json_schema: bool = True
    required_choice: str = "required"
    """The word for "call some tool"."""
    most_stops: int = 16
    reasoning_fields: tuple[str, ...] = ("reasoning_content", "reasoning")
    """Where the delta shows the model's thinking; the first that holds something counts."""
    shows_reasoning: bool = True


OPENAI = Dialect(most_stops=4, shows_reasoning=False)

"""The names in spans: OpenTelemetry's for generative AI (moving there, hence kept here), for HTTP, and our own."""

from typing import Final

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
WORKFLOW: Final = "gen_ai.workflow.name"

REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
REQUEST_TOP_K: Final = "gen_ai.request.top_k"
REQUEST_SEED: Final = "gen_ai.request.seed"
REQUEST_STREAM: Final = "gen_ai.request.stream"

RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"

INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"

ERROR_TYPE: Final = "error.type"
HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"

REQUEST_ID: Final = "ultra.request.id"
RUN_ID: Final = "ultra.run.id"
RUN_STATUS: Final = "ultra.run.status"
STAGE: Final = "ultra.stage"
STAGE_CALLS: Final = "ultra.stage.calls"
STAGE_ANSWERED: Final = "ultra.stage.answered"
STAGE_FAILED: Final = "ultra.stage.failed"
ATTEMPTS: Final = "ultra.attempts"
COST_USD: Final = "ultra.cost_usd"

CHAT: Final = "chat"
INVOKE_WORKFLOW: Final = "invoke_workflow"

_PROVIDERS: Final = {"gemini": "gcp.gemini", "mistral": "mistral_ai", "xai": "x_ai"}


def provider_name(name: str) -> str:
    """Return what the conventions call a provider."""
    return _PROVIDERS.get(name, name)

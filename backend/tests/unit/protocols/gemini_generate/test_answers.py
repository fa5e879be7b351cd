"""Whole answers, errors and lists in Gemini's shape."""

import pytest

from ultra.domain.chat import Finished, Opaque, Reasoning, Refusal, Text, ToolCall, Usage
from ultra.domain.completion import Completion
from ultra.domain.errors import QuotaExhausted, RateLimited, Unauthenticated
from ultra.protocols.gemini_generate import answer, counted, error

_RPC = "type.googleapis.com/google.rpc"


def test_an_answer_is_exact() -> None:
    """Every kind of part; candidates exclude thoughts."""
    completion = Completion(
        "u",
        "p",
        "m",
        (
            Reasoning("hm", opaque=Opaque("gemini", "m", "c2ln")),
            Text("a"),
            Refusal("b"),
            ToolCall("c1", "look", '{"a":1}'),
            ToolCall("c2", "look", "{bad"),
            Opaque("anthropic", "m", {"type": "x"}),
        ),
        Finished("tool_calls"),
        Usage(input_total=7, output_total=5, output_reasoning=2),
    )
    assert answer(completion, id="r1", model="a/b", extra={"ultra": 1}) == {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
                        {"text": "a"},
                        {"text": "b"},
                        {"functionCall": {"id": "c1", "name": "look", "args": {"a": 1}}},
                        {"functionCall": {"id": "c2", "name": "look", "args": {"INVALID_JSON": "{bad"}}},
                    ],
                    "role": "model",
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 7,
            "candidatesTokenCount": 3,
            "totalTokenCount": 12,
            "thoughtsTokenCount": 2,
        },
        "modelVersion": "a/b",
        "responseId": "r1",
        "ultra": 1,
    }
    assert counted(7) == {"totalTokens": 7}


def test_a_refused_prompt_has_no_candidate() -> None:
    """An answer without a part that was filtered is feedback on the prompt."""
    completion = Completion("u", "p", "m", (), Finished("filtered", "SAFETY"), None)
    assert answer(completion, id="r1", model="m") == {
        "promptFeedback": {"blockReason": "SAFETY"},
        "modelVersion": "m",
        "responseId": "r1",
    }


@pytest.mark.parametrize(
    ("err", "detail"),
    [
        (
            Unauthenticated("Bad key."),
            {"@type": f"{_RPC}.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": {}},
        ),
        (RateLimited("Slow.", retry_after=59.0), {"@type": f"{_RPC}.RetryInfo", "retryDelay": "59s"}),
        (
            QuotaExhausted("Spent."),
            {"@type": f"{_RPC}.QuotaFailure", "violations": [{"description": "Spent."}]},
        ),
    ],
)
def test_details_say_what_headers_cannot(err: Exception, detail: dict[str, object]) -> None:
    """Google's clients read retry delays and reasons from the body."""
    assert error(err, request_id=None).body["error"]["details"] == [detail]  # type: ignore[arg-type]  # an UltraError


def test_an_imitated_status_brings_its_word() -> None:
    """The vendor answers a bad key with 400."""
    reply = error(Unauthenticated("Bad key."), request_id=None, status=400)
    assert reply.status == reply.body["error"]["code"] == 400
    assert reply.body["error"]["status"] == "INVALID_ARGUMENT"

"""Tests of choosing tools and arguments."""

import json

from ultra.domain.chat import ChatRequest, Message, Text, Tool, ToolResult
from ultra.mock import tooling

CALCULATOR = Tool(
    "calculate",
    "Evaluate an arithmetic expression",
    {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]},
)
SEARCH = Tool(
    "search_orders",
    "Find the orders of a customer",
    {
        "type": "object",
        "properties": {"customer": {"type": "string"}, "limit": {"type": "integer", "maximum": 50}},
        "required": ["customer", "limit"],
    },
)


def calls(question, *tools, provider="openai"):
    """Return what a model calls for a question."""
    request = ChatRequest(model="m", messages=(Message("user", (Text(question),)),), tools=tools)
    hints = tooling.gather_hints(question, key="k", value=None, sentence="It is so.")
    return tooling.calls(request, question, hints, provider=provider)


def test_arguments_come_from_the_question():
    """Expressions, names and numbers of the question become arguments within their bounds."""
    (call,) = calls("Please calculate 3 * (4 + 5) for me.", CALCULATOR, SEARCH)
    assert (call.name, json.loads(call.args_json)) == ("calculate", {"expression": "3 * (4 + 5)"})
    (call,) = calls("Find the last 5 orders of Ada Lovelace", CALCULATOR, SEARCH)
    assert (call.name, json.loads(call.args_json)) == ("search_orders", {"customer": "Ada Lovelace", "limit": 5})


def test_ids_look_like_the_vendor_s():
    """Anthropic's ids begin otherwise than OpenAI's."""
    assert calls("calculate 1+1", CALCULATOR)[0].id.startswith("call_")
    assert calls("calculate 1+1", CALCULATOR, provider="anthropic")[0].id.startswith("toolu_")


def test_a_name_mentioned_is_called():
    """A question that names a tool gets it, whatever it is about."""
    assert [call.name for call in calls("Use search_orders now", CALCULATOR, SEARCH)] == ["search_orders"]
    assert calls("Good morning", CALCULATOR, SEARCH) == ()


def test_only_the_last_results_count():
    """Results that were answered already are history."""
    result = Message("tool", (ToolResult("c1", (Text("5"),)),))
    waiting = ChatRequest(model="m", messages=(Message("user", (Text("?"),)), result))
    answered = ChatRequest(model="m", messages=(result, Message("user", (Text("?"),))))
    assert [part.call_id for part in tooling.last_results(waiting)] == ["c1"]
    assert tooling.last_results(answered) == ()


def test_arguments_are_always_an_object():
    """A tool whose arguments are of another type is refused, as every vendor does; none given is an object."""

    def judged(schema):
        return tooling.unusable(
            ChatRequest("m", (Message("user", (Text("Go."),)),), tools=(Tool("go", schema=schema),))
        )

    assert judged({}) is judged({"type": "object"}) is judged({"type": "OBJECT"}) is None
    assert "must be 'object', not 'no-such-type'" in (judged({"type": "no-such-type"}) or "")

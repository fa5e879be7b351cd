"""What a model is known to be unable to do is refused, and what is unknown is allowed."""

import pytest

from tests.fakes.catalogue import model
from ultra.domain.chat import Audio, ChatRequest, File, Image, Message, Output, Text, Tool, ToolChoice, ToolResult
from ultra.domain.models import Capabilities, Limits
from ultra.gateway.fitness import misfit

PICTURE = Image(data=b"x", media_type="image/png")
TOOL = Tool("look")


def _request(*parts, **fields) -> ChatRequest:
    return ChatRequest("a/one", (Message("user", parts or (Text("hi"),)),), **fields)


UNABLE = Capabilities(tools=False, tool_choice_required=False, json_schema=False, json_object=False)
ABLE = Capabilities(tools=True, tool_choice_required=True, json_schema=True, json_object=True)
WISHES = [
    (_request(tools=(TOOL,)), "tools"),
    (_request(output=Output("json_schema", schema={})), "response_format"),
    (_request(output=Output("json_object")), "response_format"),
]


@pytest.mark.parametrize(("request_", "param"), WISHES)
def test_known_inabilities_are_refused_by_field(request_, param) -> None:
    """The field that cannot be served is named; able models and unknown ones may try."""
    error = misfit(model("a/one", capabilities=UNABLE), request_)
    assert error is not None
    assert (error.param, error.provider, error.model) == (param, "a", "a/one")
    assert misfit(model("a/one", capabilities=ABLE), request_) is None
    assert misfit(model("a/one"), request_) is None


@pytest.mark.parametrize("mode", ["required", "named"])
def test_a_model_that_cannot_be_made_to_call(mode) -> None:
    """Demanding a call is refused where it cannot be demanded; offering tools is not."""
    able = model("a/one", capabilities=Capabilities(tools=True, tool_choice_required=False))
    error = misfit(able, _request(tools=(TOOL,), tool_choice=ToolChoice(mode, ("look",))))
    assert error is not None
    assert error.param == "tool_choice"
    assert misfit(able, _request(tools=(TOOL,))) is None


@pytest.mark.parametrize("part", [PICTURE, Audio(b"x", "wav"), File(data=b"x"), ToolResult("1", (PICTURE,))])
def test_media_a_model_does_not_take(part) -> None:
    """Pictures, sound and documents need their modality, inside tool results too."""
    error = misfit(model("a/one", input_modalities=("text",)), _request(Text("hi"), part))
    assert error is not None
    assert error.param == "messages"
    able = model("a/one", input_modalities=("text", "image", "audio", "pdf"))
    assert misfit(able, _request(Text("hi"), part)) is None
    assert misfit(model("a/one"), _request(Text("hi"), part)) is None


def test_plain_text_fits_everybody() -> None:
    """A request without wishes is never refused."""
    least = model("a/one", capabilities=UNABLE, input_modalities=("text",), limits=Limits(max_output_tokens=10))
    assert misfit(least, _request()) is None


def test_the_output_limit() -> None:
    """More tokens than the model writes are refused; exactly as many are not; an unknown limit allows all."""
    small = model("a/one", limits=Limits(max_output_tokens=100))
    error = misfit(small, _request(max_output_tokens=101))
    assert error is not None
    assert error.param == "max_output_tokens"
    assert misfit(small, _request(max_output_tokens=100)) is None
    assert misfit(model("a/one"), _request(max_output_tokens=10**9)) is None


def test_an_ensemble_is_not_one_completion() -> None:
    """Ensembles are asked elsewhere."""
    error = misfit(model("ultra/consensus", kind="ensemble"), _request())
    assert error is not None
    assert error.param == "model"

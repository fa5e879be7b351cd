"""Templates: what loads, what is refused, and what filling does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.patterns import OPTIONAL, STAGES, USES
from ultra.patterns.template import Flaw, Template, TemplateInvalid

SYNTHESIS = """\
Asked:
{{question}}
Answers:
{{answers}}

[[reviews: Reviews:
{{reviews}}]]

[[decided: Decided:
{{decided}}
Explain it.]]

Now write."""
FACTS = {"question": "Q", "answers": "A"}


def flaws(stage: str, text: str) -> list[tuple[int, str]]:
    """Return the flaws of a text that must not load."""
    with pytest.raises(TemplateInvalid) as refused:
        Template.parse(stage, text)  # type: ignore[arg-type]  # parametrised by name
    return [(flaw.line, flaw.sentence) for flaw in refused.value.flaws]


def test_sections_come_with_their_facts() -> None:
    """A section is there with its fact, and gone with its blank lines without."""
    template = Template.parse("synthesis", SYNTHESIS)
    assert template.fill({**FACTS, "reviews": "R", "decided": "D"}) == (
        "Asked:\nQ\nAnswers:\nA\n\nReviews:\nR\n\nDecided:\nD\nExplain it.\n\nNow write."
    )
    assert template.fill({**FACTS, "decided": "D"}) == (
        "Asked:\nQ\nAnswers:\nA\n\nDecided:\nD\nExplain it.\n\nNow write."
    )
    assert template.fill(FACTS) == "Asked:\nQ\nAnswers:\nA\n\nNow write."


def test_a_section_may_follow_without_a_place() -> None:
    """A second section of the same fact may hold words only, at the end too."""
    template = Template.parse("synthesis", SYNTHESIS + "\n[[decided: End with it.]]")
    assert template.fill({**FACTS, "decided": "D"}).endswith("Now write.\n\nEnd with it.")
    assert template.fill(FACTS).endswith("Now write.")


def test_values_are_never_read_again() -> None:
    """Places, sections and their pairs in a value stay what they are."""
    hostile = "{{answers}} [[decided: x]] }} ]] {{question}}"
    assert Template.parse("answer", "{{question}}").fill({"question": hostile}) == hostile


@pytest.mark.parametrize("stage", STAGES)
def test_every_missing_and_every_unused_fact_is_named(stage: str) -> None:
    """Filling fails when a fact is missing or is not of the stage, and names each."""
    optional = USES[stage] & OPTIONAL
    text = "\n".join(f"{{{{{name}}}}}" for name in sorted(USES[stage] - optional))
    text += "".join(f"\n[[{name}:\n{{{{{name}}}}}]]" for name in sorted(optional))
    template = Template.parse(stage, text)
    with pytest.raises(ValueError, match="needs") as refused:
        template.fill({"mood": "x"})
    for name in USES[stage] - optional:
        assert f"needs {name}" in str(refused.value)
    assert "does not use mood" in str(refused.value)


def test_every_flaw_is_found_at_once() -> None:
    """Unknown, doubled, embedded and misplaced places are each reported with their line."""
    text = "{{question}}\n{{answer}}\nSee {{answers}} here.\n{{reviews}}\n[[mood: x\n]]\nstray ]] pair\n"
    text += "{{answers}}\n{{answers}}"
    assert flaws("synthesis", text) == [
        (1, "'decided' has no place: write {{decided}} on a line of its own"),
        (2, "'answer' is no fact of synthesis (it has answers, decided, question, reviews)"),
        (3, "{{answers}} must stand alone on its line"),
        (4, "the place of 'reviews' must be in a section [[reviews: ... ]]"),
        (5, "'mood' is no optional fact of synthesis (it has decided, reviews)"),
        (7, "]] has no meaning here"),
        (9, "'answers' has its place already"),
    ]


@pytest.mark.parametrize(
    ("stage", "text", "line", "words"),
    [
        ("answer", "Answer the question.", 1, "'question' has no place"),
        ("answer", "", 1, "'question' has no place"),
        ("answer", "{{question}}\n{{ question", 2, "{{ has no meaning"),
        ("answer", "{{question}}\n[[question: x]]", 2, "no optional fact of answer (it has none)"),
        ("answer", "{{question}}\nan [[aside", 2, "[[ has no meaning"),
        ("vote", "{{question}}\n{{answers}}", 2, "'answers' is no fact of vote"),
        ("review", "{{question}}\n[[reviews: x]]\n{{answers}}", 2, "'reviews' is no optional fact of review"),
        ("revise", "{{question}}\n{{own}}\n{{answers}}\n[[reviews:\n{{reviews}}\n", 4, "is not closed"),
        ("revise", "{{question}}\n{{answers}}\n[[reviews:\n{{reviews}}\n{{own}}]]", 5, "must be outside sections"),
    ],
)  # fmt: skip
def test_a_flawed_text_does_not_load(stage: str, text: str, line: int, words: str) -> None:
    """Each kind of flaw is refused with the line it stands in."""
    assert any(at == line and words in sentence for at, sentence in flaws(stage, text))


@given(st.text())
def test_any_question_round_trips(question: str) -> None:
    """Whatever the question holds, it stands unchanged in its place and nothing else changes."""
    filled = Template.parse("vote", "Before\n{{question}}\nafter").fill({"question": question})
    assert filled == f"Before\n{question}\nafter"


@given(st.text("{}[]:\nabdeinoqstu "))
def test_no_text_breaks_the_parser(text: str) -> None:
    """A text loads or is refused with flaws whose lines exist; nothing else can happen."""
    found: tuple[Flaw, ...] = ()
    try:
        Template.parse("answer", text)
    except TemplateInvalid as refused:
        found = refused.flaws
    is_place = any(re.fullmatch(r"\s*\{\{\s*question\s*\}\}(\s*\]\])?\s*", line) for line in text.split("\n"))
    assert found or is_place
    assert all(1 <= flaw.line <= text.count("\n") + 1 for flaw in found)

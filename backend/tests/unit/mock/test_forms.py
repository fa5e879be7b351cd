"""Tests of the shapes that answers take."""

import pytest

from ultra.mock.claims import Stock
from ultra.mock.forms import find, lay_out
from ultra.mock.matter import Matter
from ultra.patterns.loader import load

DECISION = Matter("decision", "a dog", "buying a dog", "you")
KNOWLEDGE = Matter("explanation", "dogs", "dogs")
STOCK = Stock("Yes.", ("One is so.", "Two is so.", "Three is so."), "About 3 of them.", ("Four is so.",))
FORMS = {
    "bridge": "analogies", "confidence": "graded", "consensus": "plain", "critique": "improvements",
    "fact-check": "verdicts", "gut": "insight", "horizon": "roadmap", "perspective": "viewpoints",
    "scenario": "futures", "stakeholder": "affected", "systems": "causal",
}  # fmt: skip


@pytest.mark.parametrize("lens", load().all(), ids=lambda lens: lens.name)
def test_every_lens_is_understood(lens):
    """The shape is read from what a lens says, in the answer and in the synthesis."""
    assert find(lens.stages["answer"].instructions) == FORMS[lens.name]
    assert find(f"{lens.stages['synthesis'].instructions} {lens.shape}") == FORMS[lens.name]


@pytest.mark.parametrize(
    ("form", "headings"),
    [
        ("plain", [""]),
        ("insight", [""]),
        ("graded", ["", "Well supported", "Probable", "Uncertain"]),
        ("verdicts", ["", "Checked"]),
        ("roadmap", ["", "Short term", "Middle term", "Long term", "Trade-offs"]),
        ("futures", ["", "Futures", "In any case"]),
        ("affected", ["Who is affected", "Conflicts", "Recommendation"]),
        ("causal", ["", "Links", "Loops", "Delays", "Leverage points", "What follows"]),
        ("improvements", ["", "Weaknesses", "What is good", "What bears on it"]),
        ("viewpoints", ["", "What weighs", "What holds from every side"]),
        ("analogies", ["", "Ideas from elsewhere", "What to keep in mind"]),
    ],
)
def test_lays_a_decision_out(form, headings):
    """A practical question is answered under the headings of the shape, with its own words filled in."""
    sections = lay_out(form, STOCK, DECISION, viewpoint=None)
    lines = [statement.line for section in sections for statement in section.statements]
    assert [section.heading for section in sections] == headings
    assert not any("{" in line for line in lines)
    assert any("Yes." in line for line in lines)


@pytest.mark.parametrize(
    ("form", "viewpoint", "lead"),
    [
        ("futures", "the worst course: what could plausibly go badly wrong", "Worst course"),
        ("affected", "those who have to carry it out and keep it running", "Those who carry it out"),
        ("viewpoints", "the sceptic, who asks for evidence", "The sceptic"),
        ("analogies", "medicine and public health: diagnosis, dosage", "Medicine and public health"),
    ],
)
def test_keeps_to_its_viewpoint(form, viewpoint, lead):
    """A member with a viewpoint speaks from it alone."""
    sections = lay_out(form, STOCK, DECISION, viewpoint=viewpoint)
    assert [each.lead for section in sections for each in section.statements if each.lead] == [lead]


def test_knowledge_has_no_stakeholders():
    """A matter of knowledge is told plainly, whatever the shape, but can be graded and checked."""
    assert [each.heading for each in lay_out("affected", STOCK, KNOWLEDGE, viewpoint=None)] == [""]
    assert [each.heading for each in lay_out("graded", STOCK, KNOWLEDGE, viewpoint=None)][1] == "Well supported"


def test_notes_differ():
    """No evidence and no reason is given twice while there are others."""
    for form in ("graded", "verdicts"):
        notes = [
            note
            for section in lay_out(form, STOCK, DECISION, viewpoint=None)
            for statement in section.statements
            for note in statement.notes.values()
        ]
        assert len(set(notes)) == len(notes) > 3

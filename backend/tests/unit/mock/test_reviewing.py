"""Tests of reviewing labelled answers."""

from ultra.mock.opinion import form
from ultra.mock.reading import read
from ultra.mock.reviewing import review

WISHES = "Now check them. For each answer write its label on a line of its own, then one line for each statement:"


def played(answers, *, wishes=WISHES, question="Why is the bridge famous?", model="m"):
    """Let a model review answers."""
    blocks = "\n".join(
        f"=== q7Zk2vX9 answer {label} ===\n{text}\n=== q7Zk2vX9 end of answer {label} ==="
        for label, text in answers.items()
    )
    asked = f"=== q7Zk2vX9 question ===\n{question}\n=== q7Zk2vX9 end of question ==="
    reading = read("", f"{asked}\n\n{blocks}\n\n{wishes}")
    assert reading.reviewing
    return review(reading, form(reading, model=model, seed="1"), model=model)


ANSWERS = {
    "K7": "The bridge was built in 1890. It carries two roads and a railway.",
    "B3": "The bridge was built in 1980. It carries two roads and a railway.",
    "M2": "The bridge was built in 1890. Its architect liked granite very much.",
}


def test_judges_statements_under_each_label():
    """Each label stands on its own line; statements are quoted from the answer, the most serious fault first."""
    lines = played(ANSWERS).splitlines()
    labels = [line for line in lines if not line.startswith("- ")]
    assert labels == list(ANSWERS)
    assert lines[lines.index("B3") + 1].startswith(
        "- refuted: The bridge was built in 1980. Reason: The bridge was built in 1890"
    )
    assert lines[lines.index("M2") + 1].startswith("- cannot tell: Its architect liked granite very much. Reason: ")
    assert any(line.startswith("- supported: The bridge was built in 1890. Reason: ") for line in lines)


def test_an_even_dispute_cannot_be_judged():
    """Where as many say the contrary, neither is supported, and the contrary is named."""
    said = played({label: ANSWERS[label] for label in ("K7", "B3")})
    assert (
        "- cannot tell: The bridge was built in 1890. Reason: as much speaks for the contrary: The bridge was" in said
    )
    assert "- supported: The bridge was built" not in said


def test_judges_a_closed_answer_by_its_own_value():
    """The sentence that gives the value is quoted and judged by what the reviewer finds itself."""
    said = played(
        {"K7": "It is quickly seen. 2 + 3 = 5.\nAnswer: 5", "B3": "2 + 3 = 6 here.\nAnswer: 6"},
        question="What is 2 + 3?",
    ).splitlines()
    assert said[1].startswith("- supported: 2 + 3 = 5. Reason: ")
    assert said[3] == "- refuted: 2 + 3 = 6 here. Reason: 2 + 3 = 5."


def test_obeys_how_to_reply():
    """One line for each answer where one is asked for, and a last line where one is named."""
    short = "Now check them. For each answer write its label on a line of its own, then one line:"
    assert len(played(ANSWERS, wishes=short).splitlines()) == 6
    last = f'{WISHES}\nEnd with one line that begins with "missing:" and names groups.'
    assert played(ANSWERS, wishes=last).splitlines()[-1].startswith("missing: ")


def test_reviewers_choose_differently():
    """Not every reviewer picks the same statements and reasons."""
    assert len({played(ANSWERS, model=f"model-{index}") for index in range(8)}) > 3


def test_an_answer_without_statements_cannot_be_judged():
    """There is a line for every answer, also for one that says nothing."""
    assert "- cannot tell: the answer as a whole." in played({"K7": "Hm.", "B3": "The bridge was built in 1890."})

"""Tests of improving an own answer."""

from ultra.mock.opinion import form
from ultra.mock.reading import read
from ultra.mock.revising import revise


def revised(own, answers, *, question="Why is the bridge famous?", **blocks):
    """Let a model improve its answer."""
    named = {
        "question": question,
        "your earlier answer": own,
        **{f"answer {label}": text for label, text in answers.items()},
        **blocks,
    }
    text = "\n\n".join(
        f"=== q7Zk2vX9 {name} ===\n{text}\n=== q7Zk2vX9 end of {name} ===" for name, text in named.items()
    )
    reading = read("", f"{text}\n\nNow write your improved answer to the question.")
    assert reading.own is not None
    assert not reading.reviewing
    return revise(reading, form(reading, model="m", seed="1"))


OTHERS = {
    "K7": "The bridge was built in 1890. It carries two roads and a railway.",
    "B3": "The bridge was built in 1890. It carries two roads and a railway.",
}


def test_corrects_and_completes():
    """What most others contradict is corrected, what several others say is added, the rest stays."""
    said = revised("The bridge was built in 1980. Painters love its colour.", OTHERS)
    assert said == "The bridge was built in 1890. Painters love its colour. It carries two roads and a railway."


def test_keeps_its_layout():
    """A list stays a list, and a point is added under its heading."""
    assert revised("1. Painters love its colour.", OTHERS).splitlines()[1] == "2. The bridge was built in 1890."
    others = dict.fromkeys(("K7", "B3"), "**Futures**\n\n- Worst course: it falls into the sea.")
    own = "**Futures**\n\n- Best course: it stands for ever.\n\n**In any case**\n\n- Paint it every year."
    assert revised(own, others).splitlines()[2:4] == [
        "- Best course: it stands for ever.",
        "- Worst course: it falls into the sea.",
    ]


def test_drops_what_was_refuted():
    """A statement that only the own answer makes goes when a reviewer refutes it."""
    review = "your answer\n- refuted: Painters love its colour. Reason: it has none."
    assert "Painters" not in revised("Painters love its colour. It is old enough.", OTHERS, **{"review 1": review})
    assert "Painters" not in revised("- Painters love its colour.\n- It is old enough.", OTHERS, **{"review 1": review})


def test_a_closed_answer_follows_the_majority():
    """The own answer stays where it has the value of most, else the value and the reasons of most are taken over."""
    others = {"K7": "2 + 3 = 5.\nAnswer: 5", "B3": "2 + 3 = 5.\nAnswer: 5"}
    assert revised("I counted: 2 + 3 = 5.\nAnswer: 5", others, question="What is 2 + 3?") == "I counted: 2 + 3 = 5."
    assert revised("2 + 3 = 6.\nAnswer: 6", others, question="What is 2 + 3?") == "2 + 3 = 5."

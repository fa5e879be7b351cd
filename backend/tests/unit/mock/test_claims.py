"""Tests of what scripted models say about open questions."""

from collections import Counter

import pytest

from ultra.mock.claims import about, gather
from ultra.mock.reading import read

MODELS = [f"model-{index}" for index in range(40)]


def stocks(question):
    """Return what forty models have to say."""
    reading = read("", question)
    return [gather(reading, about(reading), model=model, seed="1") for model in MODELS]


@pytest.mark.parametrize(
    "question", ["Should a small team adopt microservices?", "Explain how DNS works", "How do I bake bread?"]
)
def test_most_models_share_most_statements(question):
    """Several statements are made by most models, a contested one by fewer in its contrary form, own ones differ."""
    said = stocks(question)
    contested = Counter(stock.contested for stock in said)
    counted = Counter(each for stock in said for each in stock.shared)
    assert sum(times > len(MODELS) / 2 for times in counted.values()) >= 3
    assert len(contested) == 2
    assert contested.most_common(1)[0][1] > len(MODELS) * 0.6
    assert len({stock.own for stock in said}) > 3
    assert all(4 <= len(stock.everything) <= 9 for stock in said)


def test_most_models_take_the_same_side():
    """A question of decision gets a position, the same from most models but not from all."""
    sides = Counter("not worth it" in stock.position for stock in stocks("Should a small team adopt microservices?"))
    assert sides[True] > sides[False] > 0
    assert all(stock.position == "" for stock in stocks("Explain how DNS works"))


def test_argues_for_its_position_first():
    """What speaks for the own side comes before what speaks against it, which prose concedes."""
    for stock in stocks("Should a small team adopt microservices?"):
        pro = "Microservices can be deployed independently of one another."
        assert stock.shared.index(pro) == (len(stock.shared) - 1 if "not worth" in stock.position else 0)
        assert stock.turn[1].startswith("Still, ")


def test_speaks_with_the_words_of_the_question():
    """Where nothing is known of a subject, its own words are in what is said of it."""
    for stock in stocks("How should we train our volunteer fire fighters?"):
        assert "training your volunteer fire fighters" in " ".join(stock.everything)


def test_quotes_documents():
    """Documents that were given along are quoted by name, where they bear on the question."""
    name = "document 1: notes.txt"
    block = f"=== q7Zk2vX9 {name} ===\nRain is likely. The launch is on 4 May.\n=== q7Zk2vX9 end of {name} ==="
    reading = read("", f"{block}\n\nThis is the user's question now.\n\nWhen is the launch?")
    said = gather(reading, about(reading), model="m", seed="1").everything
    assert said[0] == "According to notes.txt: The launch is on 4 May."


def test_sums_a_text_up():
    """A summary takes sentences from the text."""
    text = "The ship left the port of Bergen. It rained. The ship of Bergen carried fish. Nobody knew the port."
    reading = read("", f"Summarise this: {text}")
    said = gather(reading, about(reading), model="m", seed="1").everything
    assert 0 < len(said) <= 3
    assert all(each in text for each in said)

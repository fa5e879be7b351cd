"""Tests of telling what an open question is about."""

import pytest

from ultra.mock.matter import find


@pytest.mark.parametrize(
    ("question", "genre", "act", "who"),
    [
        (
            "Should our team of five adopt microservices, and why?",
            "decision",
            "adopting microservices",
            "your team of five",
        ),
        ("Should I buy an electric car?", "decision", "buying an electric car", "you"),
        ("Should sugar be taxed?", "decision", "having sugar taxed", "those concerned"),
        ("Is it worth learning Rust in 2026?", "decision", "learning Rust in 2026", "you"),
        ("How do I bake bread?", "plan", "baking bread", "you"),
        ("How can a city prepare for heat waves?", "plan", "preparing for heat waves", "you"),
        (
            "Draft a plan to migrate a database with little downtime",
            "plan",
            "migrating a database with little downtime",
            "you",
        ),
        ("Plan a birthday party for ten", "plan", "a birthday party for ten", "you"),
        ("Pros and cons of a four-day week", "weighing", "a four-day week", "those concerned"),
        ("What do you think about our launch?", "weighing", "your launch", "those concerned"),
        ("Explain how DNS works", "explanation", "DNS", "those concerned"),
        ("Who won the 1998 World Cup?", "fact", "1998 World Cup", "those concerned"),
        ("Summarise this text: It rained.", "summary", "rained", "those concerned"),
    ],
)
def test_knows_the_kind_of_question(question, genre, act, who):
    """The kind of question decides what is spoken of: something to do, or something to know."""
    found = find(question)
    assert (found.genre, found.act, found.who) == (genre, act, who)


@pytest.mark.parametrize(
    "question",
    [
        "Compare tea and coffee for long nights",
        "tea vs coffee",
        "Should we drink tea or coffee?",
        "What is the difference between tea and coffee?",
        "Is tea better than coffee?",
    ],
)
def test_finds_the_sides_of_a_comparison(question):
    """Two things are compared, however it is asked."""
    found = find(question)
    assert (found.genre, found.sides) == ("comparison", ("tea", "coffee"))


def test_knows_what_to_write():
    """A text on request has a kind, a subject and perhaps an addressee."""
    found = find("Write an email to my landlord about the heating")
    assert (found.genre, found.kind, found.subject, found.who) == (
        "composition",
        "email",
        "the heating",
        "your landlord",
    )


def test_continues_an_earlier_question():
    """A question that names nothing is about what the one before was about."""
    assert find("And why?", earlier="Should we move to Berlin?").act == "moving to Berlin"
    assert find("And why?").subject == "this matter"

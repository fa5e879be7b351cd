"""Tests of the subjects that scripted models know well."""

import pytest

from ultra.mock.topics import TOPICS, find


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("Explain why the sky is blue", "sky"),
        ("How does DNS work?", "dns|domain name"),
        ("Draft a plan to migrate a 2 TB PostgreSQL database", "postgres|postgresql|mysql|database"),
        ("Should a small team adopt microservices?", "microservice|monolith"),
    ],
)
def test_finds_a_subject(question, term):
    """A question that names a subject finds it."""
    assert find(question).terms[0] == term


@pytest.mark.parametrize(
    "question", ["", "How do I bake bread?", "Rewrite this sentence: it rains.", "Is the sky high?"]
)
def test_finds_no_subject_where_none_is_named(question):
    """Other questions find nothing."""
    assert find(question) is None


def test_subjects_are_sound():
    """Each has enough to say, nothing twice, and every sentence ends like one."""
    for topic in TOPICS:
        said = [part for each in (*topic.shared, *topic.contested, *topic.extra) for part in each.split("||")]
        assert len(topic.shared) >= 4
        assert len(topic.extra) >= 3
        assert len(set(said)) == len(said), topic.terms
        assert all(each.endswith(".") for each in said), topic.terms

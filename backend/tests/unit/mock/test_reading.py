"""Tests of reading a prompt."""

from ultra.mock.reading import read


def test_finds_a_demanded_last_line():
    """The word of the last line is found, with or without quotes, and whether it is only for some questions."""
    assert read("", "What is 2+2? End with a line `Answer: ...`").closing == "Answer"
    assert read("Finish with the line Vote: A", "Choose.").closing == "Vote"
    sometimes = read("", "Explain. If it has one short answer, end with a line `Answer: ...`.")
    assert (sometimes.closing, sometimes.conditional) == ("Answer", True)
    assert read("", "What is 2+2?").closing is None


def test_keeps_notes_on_the_reply_out_of_the_question():
    """What follows the question about the form of the reply is not part of it."""
    asked = read(
        "", "What is 2+2?\n\nHow to reply: if it has one short answer (a number, yes or no), end with:\nAnswer: <value>"
    )
    assert asked.question.strip() == "What is 2+2?"
    assert (asked.closing, asked.conditional, asked.yes_no, asked.bare) == ("Answer", True, False, False)


def test_tells_reviewing_from_merging():
    """Only a prompt that asks to check each answer is a review."""
    peers = "### Answer A\nIt is so indeed.\n### Answer B\nIt is otherwise."
    assert read("", f"Why?\n{peers}\nNow check them. For each answer write its label.").reviewing
    assert not read("", f"Why?\n{peers}\nNow write the answer. Check the reason before you follow it.").reviewing
    assert not read("", "Check each of these facts.").reviewing


def test_finds_options():
    """Options stand on lines of their own or in one line; letters begin with A."""
    lines = read("", "Which is prime?\nA) 4\nB) 7\n(C) 9")
    inline = read("", "Which is prime? A) 4, B) 7, C) 9")
    assert [(each.letter, each.text) for each in lines.options] == [("A", "4"), ("B", "7"), ("C", "9")]
    assert [each.text for each in inline.options] == ["4", "7", "9"]
    assert read("", "Dr. A. Smith and B. Jones wrote it. Why?").options == ()


def test_knows_closed_questions():
    """A question to be answered with yes or no is known by its first word, or by what it says."""
    assert read("", "Is Paris the capital of France?").yes_no
    assert read("", "Paris is the capital of France. True or false?").truth
    assert not read("", "What is Paris?").yes_no


def test_prefers_what_most_peers_say():
    """The final value that occurs most often is the favourite; the first seen wins a tie."""
    prompt = "".join(f"### Answer {label}\nSo.\nAnswer: {value}\n" for label, value in zip("ABC", "454", strict=True))
    assert read("", prompt).favourite == "4"
    tied = "### Answer A\nSo.\n**Answer: 7**\n### Answer B\nSo.\nAnswer: 8."
    assert read("", tied).favourite == "7"


def test_names_the_subject():
    """The subject is the longest run of words that mean something."""
    assert read("", "What are the risks of remote engineering teams?").subject == ("remote", "engineering", "teams")
    assert read("", "?").subject == ()


def test_hears_what_to_echo():
    """`Say ...` asks for these very words."""
    assert read("", 'Say "this is a test"').echo == "this is a test"
    assert read("", "Reply with exactly: OK").echo == "OK"
    assert read("", "What do you say?").echo is None


def test_tells_open_from_closed_questions():
    """Reasons, plans and advice are open; an opinion is closed only where a short value is demanded of it."""
    for question in (
        "Should we move, and why?",
        "Is it worth it to move?",
        "Explain why Paris is large",
        "How do I move?",
    ):
        assert read("", question).is_open
        assert not read("", question).yes_no
    for question in ("Is Paris in France?", "Should we move? Yes or no?", "What is the capital of France?"):
        assert not read("", question).is_open
    assert read("", "Should we move?\n\nEnd with a line `Answer: ...`.").yes_no
    assert read("", "Should we move?\n\nHow to reply: if it has one short answer, end with\nAnswer: <value>").is_open


def test_finds_what_a_revision_shows():
    """The own earlier answer, the others and what reviewers said are told apart."""
    texts = {
        "your earlier answer": "I said 4.\nAnswer: 4",
        "answer K7": "It is 5.\nAnswer: 5",
        "review 1": "K7 is right.",
    }
    text = "\n".join(f"=== q7Zk2vX9 {name} ===\n{said}\n=== q7Zk2vX9 end of {name} ===" for name, said in texts.items())
    seen = read("", f"{text}\nNow write your improved answer.")
    assert seen.own == "I said 4.\nAnswer: 4"
    assert [peer.label for peer in seen.peers] == ["K7"]
    assert [review.text for review in seen.reviews] == ["K7 is right."]
    assert seen.favourite == "4"
    assert not seen.reviewing


def test_finds_what_is_given_along():
    """Documents and the question before are no part of the question now; a viewpoint is named in the instructions."""
    texts = {"earlier question": "Should we move?", "document 1: plan.txt": "We leave in May."}
    text = "\n".join(f"=== q7Zk2vX9 {name} ===\n{said}\n=== q7Zk2vX9 end of {name} ===" for name, said in texts.items())
    seen = read(
        "Your viewpoint: the sceptic, who doubts. Others doubt less.",
        f"{text}\nThis is the user's question now.\n\nWhen?",
    )
    assert seen.question.strip() == "When?"
    assert seen.earlier == "Should we move?"
    assert [(each.name, each.text) for each in seen.documents] == [("plan.txt", "We leave in May.")]
    assert seen.viewpoint == "the sceptic, who doubts"


def test_counts_the_sentences_allowed():
    """A limit is read in words and in figures; one that is for a part of the reply is none."""
    assert read("Three sentences at most.", "Why?").most_sentences == 3
    assert read("", "Why? Use at most 2 sentences.").most_sentences == 2
    assert read("The insight in one to three sentences.", "Why?").most_sentences == 3
    assert read("Say in one sentence what settled it.", "Why?").most_sentences is None


def test_wishes_of_a_long_prompt_are_at_its_ends():
    """What is wanted is found before and behind a very long text."""
    seen = read("Three sentences at most.", f"Why? {'word ' * 30_000}\n\nHow to reply: end with a line `Answer: ...`.")
    assert (seen.most_sentences, seen.closing) == (3, "Answer")
    assert len(seen.wishes) < 30_000

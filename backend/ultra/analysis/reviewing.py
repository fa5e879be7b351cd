"""A round of anonymous review, as every flow that has one begins it."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ultra.analysis import stages
from ultra.analysis.agreement import substantive
from ultra.analysis.anonymity import Labels
from ultra.analysis.flow import Plan
from ultra.analysis.replies import answers_of, review_note
from ultra.domain.analysis import Answer, Reply, Step


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The answers that were judged and the `reviews` that say something; `seen` has each reviewer's labels by role."""

    authors: Sequence[Answer]
    labels: Labels
    seen: dict[str, dict[str, str]]
    reviews: Sequence[Answer]


def reviewed(plan: Plan, answers: Sequence[Answer]) -> Generator[Step, Reply, Reviewed]:
    """Let every author judge all answers, not knowing whose they are, and note what each of them wrote."""
    authors = substantive(answers)
    labels = Labels(plan.dice, [plan.question.prompt, *(answer.text for answer in authors)])
    seen = {author.role: labels.draw([each.role for each in authors]) for author in authors}
    reviews = substantive(answers_of((yield stages.cross_review(plan, authors, seen))))
    for review in reviews:
        yield review_note(review, seen[review.role])
    return Reviewed(authors, labels, seen, reviews)

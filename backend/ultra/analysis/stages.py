"""The rounds that flows are made of: who is asked what, with which share of the time.

The renderer of the lens makes peers' words harmless and sets them between the run's marks; here it is decided who sees
which words, under which labels and in which order.
"""

from collections.abc import Mapping, Sequence

from ultra.analysis.anonymity import Labels, labelled, relabelled
from ultra.analysis.flow import Member, Plan
from ultra.analysis.quorum import quorum_reached
from ultra.domain.analysis import Answer, Ask, Enough, PanelCall
from ultra.domain.chat import Output
from ultra.domain.patterns import Labelled, Stage, StageFacts

SHARES: Mapping[str, float] = {"answer": 0.5, "review": 0.45, "revise": 0.45, "tie_break": 0.5, "synthesis": 0.6}
"""The part of the time left that a round may use when others follow; the rest stays reserved for them.

Of 120 s a council gives its answers 60, its reviews 27 and the synthesis at least 33.
"""


def independent(
    plan: Plan, *, stage: Stage = "answer", share: float = 1.0, enough: Enough | None = quorum_reached,
    settled: Enough | None = None,
) -> Ask:  # fmt: skip
    """Ask every member for itself; nobody sees anybody else's words."""
    facts = _facts(plan)
    calls = tuple(panel_call(plan, stage, member, facts) for member in plan.panel)
    return Ask(stage, calls, enough, settled, plan.strongest, share=share)


def cross_review(plan: Plan, answers: Sequence[Answer], seen: Mapping[str, Mapping[str, str]]) -> Ask:
    """Let every author judge all answers, the own one unmarked among them.

    `seen` says for each reviewer's role which label stands for whose answer, in the order shown.
    """
    calls = tuple(
        panel_call(plan, "review", plan.member(role), _facts(plan, answers=labelled(answers, labels)))
        for role, labels in seen.items()
    )
    return Ask("review", calls, quorum_reached, patient_for=plan.strongest, share=SHARES["review"], optional=True)


def revision(
    plan: Plan,
    answers: Sequence[Answer],
    reviews: Sequence[Answer],
    seen: Mapping[str, Mapping[str, str]],
    labels: Labels,
) -> Ask:
    """Let every author improve its answer, given the others' answers and what reviewers wrote about all of them."""
    calls = []
    for author in answers:
        others = [each for each in answers if each.role != author.role]
        shown = labels.draw([each.role for each in others])
        facts = _facts(
            plan,
            own=author.text,
            answers=labelled(others, shown),
            reviews=readable_reviews(reviews, seen, {**shown, author.role: "your answer"}),
        )
        calls.append(panel_call(plan, "revise", plan.member(author.role), facts))
    return Ask(
        "revise", tuple(calls), quorum_reached, patient_for=plan.strongest, share=SHARES["revise"], optional=True
    )


def tie_break(plan: Plan, model: str) -> Ask:
    """Ask one more model the same question, as independently as the panel was."""
    call = panel_call(plan, "answer", Member("tie-breaker", model), _facts(plan))
    return Ask("tie_break", (call,), share=SHARES["tie_break"], optional=True)


def synthesis(
    plan: Plan,
    candidate: Member,
    *,
    answers: Sequence[Labelled],
    reviews: Sequence[Labelled] = (),
    decided: str | None = None,
    is_last: bool = False,
) -> Ask:
    """Let one model write the verdict from the labelled answers; what code `decided` is given, not asked."""
    facts = _facts(plan, answers=answers, reviews=reviews, decided=decided)
    call = panel_call(plan, "synthesis", candidate, facts)
    return Ask("synthesis", (call,), stream=True, share=1.0 if is_last else SHARES["synthesis"], optional=True)


def panel_call(plan: Plan, stage: Stage, member: Member, facts: StageFacts) -> PanelCall:
    """Render one stage for one member. Reviews are prose even where the verdict has a schema."""
    prompt = plan.lens.render(stage, facts, role=member.viewpoint, delimiter=plan.delimiter)
    return PanelCall(
        role=member.role,
        model=member.model,
        prompt=prompt,
        instructions=plan.question.instructions,
        images=plan.question.images,
        history=plan.question.history,
        output=Output() if stage == "review" else plan.question.output,
    )


def readable_reviews(
    reviews: Sequence[Answer], seen: Mapping[str, Mapping[str, str]], labels: Mapping[str, str]
) -> tuple[Labelled, ...]:
    """Return the reviews that came, numbered, with every label replaced by the one this reader knows."""
    came = [review for review in reviews if review.status == "ok"]
    texts = (relabelled(review.text, seen[review.role], labels) for review in came)
    return tuple(Labelled(str(number), text) for number, text in enumerate(texts, start=1))


def _facts(
    plan: Plan,
    *,
    answers: Sequence[Labelled] = (),
    own: str | None = None,
    reviews: Sequence[Labelled] = (),
    decided: str | None = None,
) -> StageFacts:
    question = plan.question
    return StageFacts(
        question=question.prompt,
        documents=question.context,
        earlier=question.earlier,
        answers=answers,
        own=own,
        reviews=reviews,
        decided=decided,
    )

"""From answers to a verdict: what is said, how complete it is, and everything the reader must be warned of."""

from collections.abc import Sequence

from ultra.analysis.agreement import Comparison, Side, substantive
from ultra.analysis.medoid import medoid
from ultra.analysis.statuses import settled_status
from ultra.domain.analysis import Agreement, Answer, Verdict


def concluded(
    answers: Sequence[Answer],
    text: str,
    *,
    asked: int,
    decided: str | None = None,
    agreement: Agreement | None = None,
    synthesis: Answer | None = None,
    is_unsynthesised: bool = False,
    warnings: Sequence[str] = (),
) -> Verdict:
    """Return the verdict over the independent `answers`; a cut answer or synthesis keeps it from being complete."""
    answered = sum(answer.status == "ok" for answer in answers)
    said = [*warnings, *_warnings(answers)]
    is_cut = any(answer.cut for answer in answers if answer.status == "ok")
    if synthesis is not None and synthesis.cut:
        is_cut = True
        said.append(f"The verdict is incomplete: {synthesis.model} stopped before its end.")
    return Verdict(
        status=settled_status(asked=asked, answered=answered, unsynthesised=is_unsynthesised, incomplete=is_cut),
        text=text,
        decided=decided,
        agreement=agreement,
        answered=answered,
        asked=asked,
        synthesised_by=synthesis.model if synthesis else None,
        warnings=tuple(said),
    )


def undisputed(answers: Sequence[Answer], *, asked: int) -> Verdict | None:
    """Return the verdict when at most one answer says something: nobody, one opinion, or only refusals; else None."""
    came = [answer for answer in answers if answer.status == "ok"]
    saying = substantive(answers)
    if len(saying) > 1:
        return None
    if not came:
        return concluded(answers, "", asked=asked)
    chosen = saying[0] if saying else best(came)
    said = []
    if asked > 1:
        said.append(f"This is the single opinion of {chosen.model}.")
    agreement = Agreement(None, 0, len(came), "none") if asked > 1 else None
    return concluded(answers, chosen.text, asked=asked, agreement=agreement, warnings=said)


def contested(
    answers: Sequence[Answer],
    comparison: Comparison,
    *,
    asked: int,
    agreement: Agreement | None,
    voters: Sequence[Answer] = (),
) -> Verdict:
    """Return the verdict of an open decision: both sides, the larger first, none preferred.

    `voters` are answers beyond the panel's that took part in the decision, or that replace those of the same role.
    """
    by_role = {answer.role: answer for answer in (*substantive(answers), *substantive(voters))}
    everyone = list(by_role.values())
    sides = [(side, best([by_role[role] for role in side.roles])) for side in comparison.sides]
    heading = "The answers disagree, and no side has a majority."
    parts = [_side(side, chosen, comparison.heard) for side, chosen in sides]
    if not sides:
        heading = "The answers give no value that could be compared."
        parts = [f"**{answer.model}**\n\n{answer.text}" for answer in everyone]
    return Verdict(
        status="contested",
        text="\n\n".join([heading, *parts]),
        agreement=agreement,
        answered=sum(answer.status == "ok" for answer in answers),
        asked=asked,
        dissent=tuple(chosen.text for _, chosen in sides) or tuple(answer.text for answer in everyone),
        warnings=tuple(_warnings(answers)),
    )


def best(answers: Sequence[Answer]) -> Answer:
    """Return the representative: the medoid of those that are whole, or of all when none is."""
    whole = [answer for answer in answers if not answer.cut] or list(answers)
    return whole[medoid([answer.text for answer in whole])]


def side_by_side(answers: Sequence[Answer]) -> str:
    """Return all answers under their models' names; of the failed ones the reason."""
    return "\n\n".join(f"## {answer.role}: {answer.model}\n\n{_said(answer)}" for answer in answers)


def _said(answer: Answer) -> str:
    if answer.status == "failed":
        return f"_No answer ({answer.error_kind})._"
    return f"{answer.text}\n\n_Incomplete: it stopped before its end._" if answer.cut else answer.text


def _side(side: Side, chosen: Answer, heard: int) -> str:
    return f"**{len(side.roles)} of {heard}: {side.value.shown}** ({chosen.model})\n\n{chosen.text}"


def _warnings(answers: Sequence[Answer]) -> list[str]:
    said = []
    for answer in answers:
        if answer.status == "failed":
            is_late = answer.error_kind == "cancelled"
            why = "was not waited for" if is_late else f"did not answer ({answer.error_kind})"
            said.append(f"{answer.model} {why}.")
        elif answer.finish_reason == "refusal":
            said.append(f"{answer.model} declined to answer.")
        elif answer.cut:
            said.append(f"The answer of {answer.model} is incomplete: it stopped before its end.")
    return said

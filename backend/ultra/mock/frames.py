"""What a practical question calls for in a given shape: futures, people concerned, terms, causes, cases elsewhere.

Every entry is a statement with its notes; places are filled as in `generalities`. The key of an entry is a word by
which a viewpoint that was assigned to a member finds it.
"""

from collections.abc import Mapping

from ultra.mock.statements import Statement

FUTURES: Mapping[str, Statement] = {
    "likely": Statement(
        "{act} takes longer than planned and ends close to its goal.", lead="Likely course",
        notes={"Probability": "likely.", "Gravity": "moderate.", "Earliest sign": "the first date slips by weeks."},
    ),
    "worst": Statement(
        "{act} stops half-way, so that the old and the new have to be kept side by side.", lead="Worst course",
        notes={"Probability": "possible.", "Gravity": "high.",
               "Earliest sign": "the people in charge are drawn off to other work."},
    ),
    "best": Statement(
        "{act} shows its benefit within the first part, and the rest follows without pressure.", lead="Best course",
        notes={"Probability": "rare.", "Gravity": "favourable.",
               "Earliest sign": "people outside the trial ask to take part."},
    ),
}  # fmt: skip
AFFECTED: Mapping[str, Statement] = {
    "decide": Statement(
        "they need a cost and a date they can rely on.", lead="Those who decide and pay",
        notes={"Power": "they can stop it at any time.", "Gain or loss": "they pay first and gain later."},
    ),
    "use": Statement(
        "they need the present service to go on without a gap.", lead="Those who use it every day",
        notes={"Power": "they can refuse to change their habits.",
               "Gain or loss": "they lose time at the start and gain once it works."},
    ),
    "without": Statement(
        "they need to hear early what changes around them.", lead="Those affected without a say",
        notes={"Power": "they can complain, little else.", "Gain or loss": "they bear side effects nobody planned."},
    ),
    "carry": Statement(
        "they need time to learn and somebody to ask.", lead="Those who carry it out",
        notes={"Power": "they decide by their care whether it works.",
               "Gain or loss": "they carry the extra work and gain experience."},
    ),
}  # fmt: skip
CONFLICTS = (
    "Those who decide want an early date, those who carry it out want time for a trial; this is about interests.",
    "Those who use it doubt that the gap will be short; this is about trust.",
)
TERMS: Mapping[str, tuple[str, ...]] = {
    "short": ("Settle what {act} is to achieve, and measure the present state.",
              "Try it on a small part that can be given up again.",
              "Go on when the trial has reached the figure agreed before."),
    "middle": ("Extend what worked to the next part and drop what did not.",
               "Train the people who will maintain the result.",
               "Go on when two parts in a row went without surprises."),
    "long": ("Make what proved itself the normal way and remove the rest.",
             "Keep the next change open by documenting the interfaces.",
             "Decide at the latest here whether {act} has been worth its cost."),
}  # fmt: skip
TERM_NAMES: Mapping[str, str] = {"short": "Short term", "middle": "Middle term", "long": "Long term"}
TRADE_OFF = "What is saved on preparation in the short term is paid back in the long term, with interest."
LINKS: Mapping[str, tuple[str, ...]] = {
    "component": ("More parts bring more work for keeping them in step, because every part depends on others.",
                  "Work that is not finished piles up and drains only as fast as people have time."),
    "feedback": ("More haste brings more errors, and errors bring more haste, because repairs take time from the plan.",
                 "More experience brings fewer errors, which leaves more time to gain experience."),
    "delay": ("The cost of {act} shows at once, its benefit only after people have learned.",
              "Earlier remedies moved the burden to others, who passed it back later."),
    "leverage": ("A small limit on work begun at the same time changes the whole more than extra hours do.",
                 "Measuring the result every week corrects the course before errors pile up."),
}  # fmt: skip
LINK_NAMES: Mapping[str, str] = {
    "component": "Links", "feedback": "Loops", "delay": "Delays", "leverage": "Leverage points",
}  # fmt: skip
WEAKNESSES = (
    Statement("It is not said how success of {act} would be recognised.",
              notes={"Improvement": "agree on one figure and its present value before the start."}),
    Statement("There is no way back once the first half is done.",
              notes={"Improvement": "plan the return for every step and rehearse it once."}),
    Statement("The effort of maintaining the result is not counted.",
              notes={"Improvement": "name who maintains it and free their time now."}),
)  # fmt: skip
STRENGTHS = (
    "The goal of {act} is understandable to everybody concerned.",
    "It can be done in parts, so that mistakes stay small.",
)
VIEWPOINTS: Mapping[str, Statement] = {
    "practitioner": Statement(
        "what weighs most is whether {act} can be kept up with the people and the time there are.",
        lead="The practitioner", notes={"Blind spot": "what would become possible later."}),
    "affected": Statement(
        "what weighs most is what a failure would cost those who did not choose it.",
        lead="The person affected", notes={"Blind spot": "the limits of those who have to pay."}),
    "sceptic": Statement(
        "what weighs most is that nobody has shown the effect under comparable conditions.",
        lead="The sceptic", notes={"Blind spot": "waiting for proof has a price as well."}),
    "strategist": Statement(
        "what weighs most is which later choices {act} opens and which it closes.",
        lead="The strategist", notes={"Blind spot": "the work of the next few weeks."}),
    "outsider": Statement(
        "what strikes one first is that others reach the same goal with less.",
        lead="The outsider", notes={"Blind spot": "local reasons that nobody writes down."}),
}  # fmt: skip
ANALOGIES: Mapping[str, Statement] = {
    "nature": Statement(
        "a lizard sheds its tail to save the body, giving up a part that can be replaced.", lead="Living nature",
        notes={"Applied here": "choose beforehand which part of {act} may be given up in an emergency.",
               "Limit": "a lost part does not grow back by itself.",
               "First test": "switch that part off for an hour and see what still works."}),
    "engineering": Statement(
        "a new version is given to a few users first and withdrawn when errors rise.", lead="Engineering and computing",
        notes={"Applied here": "begin {act} with one small group and a fixed limit for going back.",
               "Limit": "a small group may not show problems of scale.",
               "First test": "run it for one week with a single group."}),
    "economics": Statement(
        "a buyer pays for an option in order to decide later, when more is known.", lead="Economics and games",
        notes={"Applied here": "pay for a trial of {act} that keeps both ways open.",
               "Limit": "an option loses its value when nobody ever decides.",
               "First test": "set the price of the trial and the day of the decision."}),
    "medicine": Statement(
        "a dose is raised in small steps while the patient is watched.", lead="Medicine and public health",
        notes={"Applied here": "increase the extent of {act} only after the last step has shown its effect.",
               "Limit": "some effects show only at the full dose.",
               "First test": "take the smallest step that could show any effect."}),
    "craft": Statement(
        "an arch is built on a wooden frame that is removed once the stones carry each other.", lead="Craft, history",
        notes={"Applied here": "build a temporary support for {act} and plan its removal from the start.",
               "Limit": "supports that nobody removes become part of the building.",
               "First test": "name the support and the day on which it goes."}),
}  # fmt: skip
EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "Well supported": (
        "many observations.", "established knowledge.", "how it works by design.", "long experience.",
    ),
    "Probable": (
        "an inference.", "observations that agree with it.", "comparable cases.", "a known mechanism.",
        "reports of those who deal with it.",
    ),
    "Uncertain": (
        "unchecked recollection.", "a rule of thumb.", "few observations.", "an estimate.",
    ),
}  # fmt: skip
REASONS = (
    "it is established.", "it follows from the terms.", "independent accounts agree.", "observation bears it out.",
    "anyone can try it.", "the mechanism is known.", "no exception is known to me.", "it is easy to look up.",
)  # fmt: skip
UNCHECKED = "such figures differ from source to source."

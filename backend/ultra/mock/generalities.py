"""What can be said about a subject nobody on the panel knows: sentences by the kind of question, filled with its words.

`{s}` is the subject, `{act}` what is to be done, `{who}` who asks, `{a}` and `{b}` the sides of a comparison; with a
capital at the beginning of a sentence. A second wording stands behind `||`; `+` and `-` in front as in `topics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ultra.mock.matter import Genre


@dataclass(frozen=True, slots=True)
class Generalities:
    """Sentences for one kind of question. `stance` has what those for it say first, and those against it."""

    shared: tuple[str, ...]
    contested: tuple[str, str]
    extra: tuple[str, ...]
    stance: tuple[str, str] | None = None


BY_GENRE: Mapping[Genre, Generalities] = {
    "decision": Generalities(
        (("-The effort of {act} falls early, while most of the benefit comes later."
         "||Most of the benefit of {act} comes later, while the effort falls early."),
         "It has to be clear first which problem is to be solved and how success is measured.",
         "+A pilot of limited size says more about {act} than a longer analysis.",
         ("-The strongest alternative is to improve what is there already."
         "||Improving what is there already is the strongest alternative."),
         "+Steps that can be undone are safer than one large change."),
        ("A fair trial takes about 3 months.", "A fair trial takes about 12 months."),
        ("Running costs remain with those who have to maintain the result.",
         "Experience among the people concerned shortens the beginning considerably.",
         "How to get out again should be agreed before the start."),
        ("Yes, {act} is worth it for {who}.||My answer is yes, {act} is worth it for {who}.",
         "No, {act} is not worth it for {who}.||My answer is no, {act} is not worth it for {who}."),
    ),
    "plan": Generalities(
        ("Write down what has to be true at the end of {act}, and measure where things stand today.",
         "List what {act} touches, and talk to the people who look after it.",
         ("Try it on a small part or a copy first and note how long each step takes."
         "||Note how long each step takes when you first try it on a small part or a copy."),
         "Prepare a way back for every step and test it before it is needed.",
         "Begin with the portion that does least harm if it fails, then enlarge it.",
         "Watch the agreed figures for some days before you give up the old way."),
        ("Keep about 30 percent of the time in reserve.", "Keep about 10 percent of the time in reserve."),
        ("Name one person who decides when something unexpected happens.",
         "Tell everyone concerned early what changes for them and when.",
         "Note what was learned, so that the next time is easier."),
    ),
    "comparison": Generalities(
        ("{A} and {b} overlap, so the choice depends on which demand comes first.",
         ("The difference between {a} and {b} shows most under load and hardly in small cases."
         "||Small cases hardly show the difference between {a} and {b}, load shows it most."),
         "What people already know weighs more in practice than the technical difference.",
         "Changing later from {a} to {b} is possible, but costs more than choosing well once.",
         "Published comparisons depend strongly on the task that was measured."),
        ("A realistic trial of both takes about 2 weeks.", "A realistic trial of both takes about 8 weeks."),
        ("The work around it, such as backup and monitoring, should be compared as well.",
         "Whichever is chosen, an interface in front of it keeps the way open.",
         "Licences and support can decide where the technical merits do not."),
        ("For most purposes {a} is a better choice than {b}.||{A} is a better choice than {b} for most purposes.",
         ("For most purposes {a} is not a better choice than {b}."
         "||{A} is not a better choice than {b} for most purposes.")),
    ),
    "weighing": Generalities(
        ("+The main gain from {s} is room to act that would be missing otherwise.",
         ("-The main cost of {s} is the attention it takes at the beginning."
         "||The attention it takes at the beginning is the main cost of {s}."),
         "+The benefit grows with the number of people who rely on it.",
         "-The greatest risk lies in an unprepared start, less in the idea itself.",
         "Without a figure measured before and after, nobody can tell whether it worked."),
        ("The first effects can be judged after about 3 months.",
         "The first effects can be judged after about 12 months."),
        ("Those who pay and those who benefit are seldom the same people.",
         "A written agreement on responsibilities prevents most disputes.",
         "Some of the drawbacks fade once people are used to it."),
        ("On balance the advantages of {s} outweigh the drawbacks.||The advantages of {s} outweigh the drawbacks.",
         ("On balance the advantages of {s} do not outweigh the drawbacks."
         "||The advantages of {s} do not outweigh the drawbacks.")),
    ),
    "explanation": Generalities(
        (("In the case of {s} more than one cause plays a part, and the causes act on each other."
         "||More than one cause plays a part in the case of {s}, and these causes act on each other."),
         "What one notices first is an effect; the cause lies one step back.",
         ("The surrounding conditions decide how strong the effect is."
         "||How strong the effect is, the surrounding conditions decide."),
         "What holds in small cases need not hold in large ones.",
         "Something limits the effect sooner or later, so it cannot grow without end."),
        ("About 3 factors account for most of what is observed.",
         "About 7 factors account for most of what is observed."),
        ("It is a common mistake to take what merely comes along with {s} for its cause.",
         "Careful observation over time separates cause from coincidence.",
         "A plain model is useful as long as its limits are kept in mind."),
    ),
    "fact": Generalities(
        ("I do not know this for certain.||This is nothing I know for certain.",
         "A current reference work or an official source would settle it.",
         "Any name or number given here would be a guess."),
        ("", ""),
        ("The question itself is clear, so looking it up takes little time.",
         "What I remember of the subject is too general to answer it."),
    ),
}  # fmt: skip

"""Small grammar for templates: gerunds, noun phrases, and a question's words turned to the one who asks."""

import re

VERBS = frozenset(
    re.findall(
        r"[\w']+",
        "abolish accept add allow adopt apply automate avoid ban be become begin block build buy change "
        "charge choose close collect continue convert create cut delay delete deploy design develop do "
        "drink drop eat enable encourage exercise expand fire fix forbid force fund get give go grow "
        "have hire host implement improve increase install introduce invest join keep launch learn leave "
        "legalise legalize limit lower lease maintain make manage merge migrate move offer open optimise "
        "optimize organise organize outsource pay pick prepare prevent prioritise prioritize protect "
        "publish punish put quit raise read reduce refactor regulate reject release remove rent replace "
        "require restrict rewrite roll run save scale secure sell set share ship shut solve speed spend "
        "split start stay stop store study subsidise subsidize switch take tax teach test train travel "
        "trust try turn upgrade use vote wait wear work write",
    )
)  # fmt: skip
_DOUBLED = frozenset(re.findall(r"[\w\']+", "ban cut drop get put quit run set shut split stop"))
_CUT = re.compile(
    r"\s*(?:,|\(|\band why\b|\band (?:how|what|when)\b|\bwhy\b|\bor not\b|\bplease\b"
    r"|\bin (?:one|two|three|\d+) sentences?\b|\bin (?:detail|short|brief|simple terms)\b"
    r"|\bbriefly\b|\bstep by step\b).*$",
    re.IGNORECASE,
)
_TURNED = {"our": "your", "my": "your", "we": "you", "i": "you", "us": "you", "me": "you", "ourselves": "yourselves"}
_QUOTED = re.compile(r"`[^`]*`|<[^<>\n]*>")
_WORD = re.compile(r"\w[\w'’.+#-]*\w[+#]*|\w")
_CLAUSE = re.compile(r"[.,;:!?()\n]+(?:\s|$)|[!?()\n]")
_DETERMINERS = frozenset(re.findall(r"[\w\']+", "the a an your our my"))
_ASKED = re.compile(
    r"\b(?:explain(?:ing)?|describe|why|how|what(?:'s| is| are| was| were| makes?| causes?| happens to)|about|discuss"
    r"|(?:cause|reason|meaning|purpose|history|origin)s? (?:of|for))\s+(?:to \w+ )?"
    r"(?:(?P<helping>does|do|did|is|are|was|were|can|could|would)|how|why|what)?\b\s*",
    re.IGNORECASE,
)
_VERB_FORMS = frozenset(
    re.findall(
        r"[\w']+",
        "is are was were be do does did has have had can could will would may might must work works "
        "worked working happen happens happened occur occurs function functions fall falls fell rise "
        "rises rose go goes went come comes came keep keeps change changes get gets turn turns look "
        "looks need needs make makes cause causes seem seems move moves feel feels become becomes appear "
        "appears fight fights help helps form forms fly float sleep sink sinks lose",
    )
)
_PREPOSITIONS = frozenset(
    re.findall(
        r"[\w']+",
        "and or but in on at for to with when if because than that so from by during after before into "
        "through without while",
    )
)
_STOP_WORDS = frozenset(
    re.findall(
        r"[\w']+",
        "the and for are was were what which who whom whose why how when where does did can could should "
        "would will may might with without from into onto about between than then that this these those "
        "there their them they you your our his her its not but have has had been being some any all "
        "most more less many much very explain describe tell discuss compare write give list please "
        "answer question best good better way ways make makes use used using one two three four five six "
        "seven eight nine ten over under after before each every end line final only just also such like "
        "short sentence sentences word words paragraph paragraphs user system reply say main works "
        "happens hello difference differences draft plan worth someone something anything little few "
        "adopt migrate recommend think believe summarize summarise pros cons analyze analyse evaluate "
        "assess suppose imagine year years",
    )
)


def gerund(verb: str) -> str:
    """Return `adopting` for `adopt`."""
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("e") and len(verb) > 2 and not verb.endswith("ee"):
        return f"{verb[:-1]}ing"
    return f"{verb}ing"


def capitalised(phrase: str) -> str:
    """Return a phrase as it begins a sentence."""
    return phrase[:1].upper() + phrase[1:]


def unquoted(text: str) -> str:
    """Return a text without code and placeholders."""
    return _QUOTED.sub(" ", text)


def trimmed(phrase: str) -> str:
    """Cut off what follows the thing itself: `microservices, and why` is about microservices. At most twelve words."""
    return " ".join(_CUT.sub("", phrase).split()[:12]).strip(" ,.;:?!\"'“”")


def as_answered(phrase: str) -> str:
    """Turn the words of the one who asks round: `our team` becomes `your team`."""
    return " ".join(_TURNED.get(word.lower(), word) for word in phrase.split())


def noun_phrase(text: str) -> str:
    """Return what a question or the rest of one speaks of first: `Explain why the sky is blue` speaks of the sky."""
    asked = _ASKED.search(text)
    for start, helped in ((asked.end(), asked["helping"]), (0, None)) if asked else ((0, None),):
        for clause in _CLAUSE.split(text[start : start + 400]):
            found = _first_phrase(clause or "", drop_verb=helped is not None)
            if found:
                return as_answered(found)
    return " ".join(subject_words(text))


def _first_phrase(clause: str, *, drop_verb: bool) -> str:
    words = _WORD.findall(clause)
    kept: list[str] = []
    for word in words:
        if word.lower() in _VERB_FORMS | _PREPOSITIONS:
            if kept:
                drop_verb = drop_verb and word.lower() in _PREPOSITIONS
                break
            continue
        kept.append(word)
    if drop_verb and len(kept) > 1:
        kept.pop()
    while kept and kept[0].lower() in _STOP_WORDS - _DETERMINERS:
        del kept[0]
    kept = kept[:5]
    meant = [word for word in kept if word.lower() not in _STOP_WORDS and not word.isdecimal()]
    return " ".join(kept) if meant else ""


def subject_words(question: str) -> tuple[str, ...]:
    """Return the words a question is about: its longest run of up to three words that mean something."""
    best: tuple[str, ...] = ()
    for clause in re.split(r"[.,;:!?()\n]", _QUOTED.sub(".", question[:4000]))[:40]:
        run: tuple[str, ...] = ()
        for word in (*re.findall(r"\w[\w'’-]*", clause), ""):
            if len(word) > 2 and word.lower() not in _STOP_WORDS:
                run = (*run, word)[-3:]
                if len("".join(run)) > len("".join(best)):
                    best = run
            else:
                run = ()
    return best

"""A small base of facts that scripted models know: what is asked, the true value, and what a mistaken model says."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `terms` must all occur in a question, each as any of its `|`-separated beginnings of a word."""

    terms: tuple[str, ...]
    value: str
    sentence: str
    wrong: tuple[str, str]

    @property
    def key(self) -> str:
        """A stable name: mistakes are decided per model and key."""
        return "/".join(self.terms)


_Row: TypeAlias = tuple[str, str, str, str]

_CAPITALS: tuple[_Row, ...] = (
    ("France", "Paris", "Lyon", "Marseille"),
    ("Germany", "Berlin", "Bonn", "Munich"),
    ("Italy", "Rome", "Milan", "Turin"),
    ("Spain", "Madrid", "Barcelona", "Seville"),
    ("Portugal", "Lisbon", "Porto", "Coimbra"),
    ("Japan", "Tokyo", "Kyoto", "Osaka"),
    ("Australia", "Canberra", "Sydney", "Melbourne"),
    ("Canada", "Ottawa", "Toronto", "Montreal"),
    ("Brazil", "Brasília", "Rio de Janeiro", "São Paulo"),
    ("Turkey", "Ankara", "Istanbul", "Izmir"),
    ("Switzerland", "Bern", "Zurich", "Geneva"),
    ("Austria", "Vienna", "Salzburg", "Graz"),
    ("Egypt", "Cairo", "Alexandria", "Giza"),
    ("Kenya", "Nairobi", "Mombasa", "Kisumu"),
    ("India", "New Delhi", "Mumbai", "Kolkata"),
    ("China", "Beijing", "Shanghai", "Nanjing"),
    ("Norway", "Oslo", "Bergen", "Trondheim"),
    ("Poland", "Warsaw", "Kraków", "Gdańsk"),
    ("New Zealand", "Wellington", "Auckland", "Christchurch"),
    ("Argentina", "Buenos Aires", "Córdoba", "Rosario"),
)

_ELEMENTS: tuple[tuple[str, str, int, str, str], ...] = (
    ("gold", "Au", 79, "Ag", "Go"),
    ("silver", "Ag", 47, "Si", "Au"),
    ("iron", "Fe", 26, "Ir", "In"),
    ("sodium", "Na", 11, "So", "S"),
    ("potassium", "K", 19, "P", "Po"),
    ("oxygen", "O", 8, "Ox", "O2"),
    ("carbon", "C", 6, "Ca", "Co"),
    ("lead", "Pb", 82, "Le", "Pd"),
)

_OTHERS: tuple[Fact, ...] = (
    Fact(("formula", "water"), "H2O", "The chemical formula of water is H2O.", ("HO2", "H2O2")),
    Fact(("formula", "table salt|sodium chloride"), "NaCl", "Table salt is NaCl.", ("KCl", "NaCl2")),
    Fact(
        ("boil", "water"),
        "100",
        "At sea level water boils at 100 degrees Celsius.",
        ("90", "212"),
    ),
    Fact(("freez", "water"), "0", "Pure water freezes at 0 degrees Celsius.", ("4", "-4")),
    Fact(("ph |acidity", "pure water|neutral"), "7", "Pure water has a pH of 7.", ("6", "8")),
    Fact(("light", "speed|fast"),
         "299792458", "Light travels at 299792458 metres per second in vacuum.", ("300000", "299792")),
    Fact(("gravit", "earth", "accel|surface|strength"),
         "9.81", "Gravity at the surface of the Earth is about 9.81 m/s².", ("9.18", "8.91")),
    Fact(("absolute zero",), "-273.15", "Absolute zero is -273.15 degrees Celsius.", ("-459.67", "-237.15")),
    Fact(("unit", "force"), "newton", "The SI unit of force is the newton.", ("joule", "watt")),
    Fact(("unit", "energy"), "joule", "The SI unit of energy is the joule.", ("newton", "watt")),
    Fact(("unit", "electric", "resistance"),
         "ohm", "The SI unit of electrical resistance is the ohm.", ("ampere", "volt")),
    Fact(("planet", "largest|biggest"),
         "Jupiter", "Jupiter is the largest planet of the solar system.", ("Saturn", "Neptune")),
    Fact(("planet", "closest|nearest", "sun"),
         "Mercury", "Mercury is the planet closest to the Sun.", ("Venus", "Mars")),
    Fact(("how many planets|number of planets",), "8", "The solar system has 8 planets.", ("9", "7")),
    Fact(("red planet",), "Mars", "Mars is called the Red Planet.", ("Venus", "Jupiter")),
    Fact(("largest|biggest", "ocean"), "Pacific", "The Pacific is the largest ocean.", ("Atlantic", "Indian")),
    Fact(("highest|tallest", "mountain"),
         "Mount Everest", "Mount Everest is the highest mountain above sea level.", ("K2", "Kangchenjunga")),
    Fact(("continents",), "7", "There are 7 continents.", ("6", "5")),
    Fact(("moon", "land", "year|when|first"), "1969", "People first landed on the Moon in 1969.", ("1968", "1971")),
    Fact(("berlin wall", "fall|fell|come down|year|when"), "1989", "The Berlin Wall fell in 1989.", ("1991", "1987")),
    Fact(("second world war|world war ii|world war 2|ww2|wwii", "end"),
         "1945", "The Second World War ended in 1945.", ("1944", "1946")),
    Fact(("first world war|world war i |world war 1|ww1|wwi ", "start|begin|began"),
         "1914", "The First World War began in 1914.", ("1912", "1916")),
    Fact(("french revolution", "start|begin|began|year|when"),
         "1789", "The French Revolution began in 1789.", ("1798", "1776")),
    Fact(("columbus", "america|year|reach|when"), "1492", "Columbus reached the Americas in 1492.", ("1498", "1512")),
    Fact(("magna carta", "year|when|seal|sign"), "1215", "Magna Carta was sealed in 1215.", ("1225", "1066")),
    Fact(("battle of hastings", "year|when|fought"),
         "1066", "The Battle of Hastings was fought in 1066.", ("1166", "1064")),
    Fact(("titanic", "sink|sank|sunk"), "1912", "The Titanic sank in 1912.", ("1915", "1910")),
    Fact(("wrote", "hamlet"),
         "William Shakespeare", "William Shakespeare wrote Hamlet.", ("Christopher Marlowe", "Ben Jonson")),
    Fact(("paint", "mona lisa"),
         "Leonardo da Vinci", "Leonardo da Vinci painted the Mona Lisa.", ("Michelangelo", "Raphael")),
    Fact(("wrote", "pride and prejudice"),
         "Jane Austen", "Jane Austen wrote Pride and Prejudice.", ("Emily Brontë", "George Eliot")),
    Fact(("created|invent|author|made", "python", "language|programming|who"),
         "Guido van Rossum", "Guido van Rossum created the Python language.", ("James Gosling", "Larry Wall")),
    Fact(("created|start|wrote|author", "linux"),
         "Linus Torvalds", "Linus Torvalds started the Linux kernel.", ("Richard Stallman", "Ken Thompson")),
    Fact(("http", "status|code", "not found"), "404", "HTTP status 404 means not found.", ("400", "410")),
    Fact(("http", "status|code", "too many requests"),
         "429", "HTTP status 429 means too many requests.", ("503", "420")),
    Fact(("port", "https"), "443", "HTTPS uses port 443 by default.", ("80", "8443")),
    Fact(("complexity", "binary search"), "O(log n)", "Binary search takes O(log n) steps.", ("O(n)", "O(n log n)")),
    Fact(("complexity", "merge sort|mergesort"),
         "O(n log n)", "Merge sort takes O(n log n) comparisons.", ("O(n^2)", "O(log n)")),
    Fact(("bits", "byte"), "8", "A byte has 8 bits.", ("4", "16")),
    Fact(("legs", "spider"), "8", "A spider has 8 legs.", ("6", "10")),
    Fact(("bones", "adult|human"), "206", "The adult human body has 206 bones.", ("208", "212")),
    Fact(("days", "leap year"), "366", "A leap year has 366 days.", ("365", "364")),
    Fact(("smallest", "prime"), "2", "The smallest prime number is 2.", ("1", "3")),
    Fact(("sides", "hexagon"), "6", "A hexagon has 6 sides.", ("8", "5")),
    Fact(("letter", "strawberry"), "3", "The word strawberry contains the letter r 3 times.", ("2", "1")),
)  # fmt: skip


def _all() -> tuple[Fact, ...]:
    capitals = tuple(
        Fact(("capital", country.lower()), capital, f"The capital of {country} is {capital}.", (wrong, other))
        for country, capital, wrong, other in _CAPITALS
    )
    symbols = tuple(
        Fact(("symbol", name), symbol, f"The chemical symbol of {name} is {symbol}.", (wrong, other))
        for name, symbol, _, wrong, other in _ELEMENTS
    )
    numbers = tuple(
        Fact(
            ("atomic number", name),
            str(number),
            f"The atomic number of {name} is {number}.",
            (str(number + 1), str(number - 1)),
        )
        for name, _, number, _, _ in _ELEMENTS
    )
    return capitals + symbols + numbers + _OTHERS


FACTS: tuple[Fact, ...] = _all()
_NEEDS: tuple[tuple[tuple[str, ...], ...], ...] = tuple(
    tuple(tuple(f" {each}" for each in term.split("|")) for term in fact.terms) for fact in FACTS
)


_SHORT_WORD = 5
"""Names of subjects are longer; shorter words would be found in anything."""


def find(question: str) -> Fact | None:
    """Return the fact a question asks for (the one with most terms), or None."""
    asked = plain(question)
    best: Fact | None = None
    for fact, needs in zip(FACTS, _NEEDS, strict=True):
        if all(any(word in asked for word in term) for term in needs) and (
            best is None or len(fact.terms) > len(best.terms)
        ):
            best = fact
    return best


def related(question: str, *, most: int = 3) -> tuple[Fact, ...]:
    """Return facts whose subject is named in an open question, at most `most` of them."""
    asked = plain(question)
    found = [
        fact
        for fact, needs in zip(FACTS, _NEEDS, strict=True)
        if len(needs) > 1 and len(needs[-1]) == 1 and len(needs[-1][0]) > _SHORT_WORD and needs[-1][0] in asked
    ]
    return tuple(found[:most])


def plain(question: str) -> str:
    """Lower case, every run of other characters one space, so that ` word` finds the beginning of a word."""
    return " " + " ".join("".join(char if char.isalnum() else " " for char in question.lower()).split()) + " "

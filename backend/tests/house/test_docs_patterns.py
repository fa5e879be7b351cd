"""The pages about patterns say what the lenses and their loader say."""

import re
from pathlib import Path

from ultra.domain.patterns import OPTIONAL, STAGES, USES, Labelled, StageFacts
from ultra.patterns import load, reference

DOCS = Path(__file__).parents[3] / "docs"
HOW_TO = (DOCS / "how-to/write-a-lens.md").read_text(encoding="utf-8")
FACTS = {
    "question": "Shall we?",
    "answers": (Labelled("K7", "yes"), Labelled("P3", "no")),
    "own": "yes",
    "reviews": (Labelled("1", "fine"),),
    "decided": "yes",
}


def test_the_reference_is_fresh() -> None:
    """The committed page is what the lenses say now; `python -m ultra.patterns > docs/reference/patterns.md`."""
    assert (DOCS / "reference/patterns.md").read_text(encoding="utf-8") == reference(load())


def test_the_reference_names_every_lens() -> None:
    """Each lens has its heading and its row."""
    page = reference(load())
    for lens in load().all():
        assert f"\n## {lens.name}\n" in page
        assert f"| [{lens.name}](#{lens.name}) |" in page


def test_the_example_lens_works(tmp_path: Path) -> None:
    """The lens in the how-to, saved under the name it is given there, loads and renders in every stage and role."""
    (example,) = re.findall(r"^````markdown\n(.*?)^````$", HOW_TO, re.MULTILINE | re.DOTALL)
    (name,) = re.findall(r"^`([a-z-]+\.md)`:$", HOW_TO, re.MULTILINE)
    (tmp_path / name).write_text(example, encoding="utf-8")
    lens = load(folders=[tmp_path]).get(name.removesuffix(".md"))
    for stage in STAGES:
        facts = StageFacts(**{fact: FACTS[fact] for fact in USES[stage]})
        for role in (None, *lens.roles) if stage != "synthesis" else (None,):
            assert "Shall we?" in lens.render(stage, facts, role=role, delimiter="q7Zk2vX9").text


def test_the_how_to_names_the_facts_of_each_stage() -> None:
    """The table of stages lists every fact that a stage has, and what may be absent as such."""
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", HOW_TO, re.MULTILINE))
    assert set(STAGES) <= set(rows)
    for stage in STAGES:
        always, _, perhaps = rows[stage].partition(";")
        assert set(re.findall(r"`(\w+)`", always)) == USES[stage] - OPTIONAL
        assert set(re.findall(r"`(\w+)`", perhaps)) == USES[stage] & OPTIONAL

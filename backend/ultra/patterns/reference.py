"""The reference page of the patterns, written from the lenses themselves; `python -m ultra.patterns` prints it."""

from ultra.patterns.lens import MarkdownLens
from ultra.patterns.loader import LoadedPatterns

_HEAD = """\
# Patterns

<!-- Written by `python -m ultra.patterns`; change the lenses, not this page. -->

A pattern is a lens with its default flow. Ask for one by its name: `"pattern": "fact-check"` in a run, or the model
`ultra/fact-check` on `/v1`. Without a name it is `consensus`. [Write a lens](../how-to/write-a-lens.md) of your own.
"""


def reference(patterns: LoadedPatterns) -> str:
    """Return the page in Markdown: a table of all patterns, then a section for each."""
    lenses = patterns.all()
    rows = [
        "| pattern | what it does | least panel | flow |",
        "|---|---|---|---|",
        *(
            f"| [{each.name}](#{each.name}) | {each.summary} | {each.minimum_panel} | `{each.default_flow}` |"
            for each in lenses
        ),
    ]
    return "\n".join([_HEAD, *rows, "", *map(_section, lenses)])


def _section(lens: MarkdownLens) -> str:
    lines = [f"## {lens.name}", "", lens.when, "", f"The verdict: {lens.shape}"]
    if lens.roles:
        lines += ["", "Viewpoints, handed to the members in turn:", "", *(f"* {role}" for role in lens.roles)]
    return "\n".join([*lines, ""])

"""A small lens that is whole."""

FRONT = """\
name = "haiku"
summary = "Answers in three lines."
when = "When brevity matters."
minimum_panel = 2
default_flow = "adaptive"
shape = "Three lines."
"""
STAGES = """\
## answer
### instructions
Be brief.

#### A heading of the text's own

Stay brief.
### message
{{question}}
## vote
### instructions
Decide.
### message
{{question}}
## review
### instructions
Check.
### message
{{question}}
{{answers}}
## revise
### instructions
Improve.
### message
{{question}}
{{own}}
{{answers}}
[[reviews:
{{reviews}}]]
## synthesis
### instructions
Join.
### message
{{question}}
{{answers}}
[[reviews:
{{reviews}}]]
[[decided:
{{decided}}]]
"""


def text(front: str = FRONT, stages: str = STAGES) -> str:
    """Return a lens file."""
    return f"+++\n{front}+++\n{stages}"

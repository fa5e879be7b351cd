"""Can each env file be read?"""

from ultra.checks.check import Reported


class EnvFiles(Reported):
    """An env file cannot be read, or a line of it is not `NAME=value`, or a name is given twice."""

    name = "U004"
    title = "An env file cannot be understood"
    why = "Of two lines for one name only one counts, and half a line loses what stands in it."
    mend = (
        "Open the file at the line that is named. Values with blanks or `#` stand in quotes; nothing is interpolated."
    )
    about = "file"

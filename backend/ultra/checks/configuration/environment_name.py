"""Is it one of the three environments?"""

from ultra.checks.check import Reported


class EnvironmentName(Reported):
    """`ENVIRONMENT` is none of `development`, `testing` and `production`, in exactly these letters."""

    name = "U001"
    title = "The environment has no such name"
    why = (
        "Which files are read and how strictly everything is judged depends on it. A guess would start a "
        "server with the rules of another environment, so nothing else is judged until this is right."
    )
    mend = (
        "Write one of the three, in lower case and without blanks, where the finding says: the process "
        "environment wins over `.env`."
    )
    about = "environment"

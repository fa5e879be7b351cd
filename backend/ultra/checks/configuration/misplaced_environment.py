"""Does the file of an environment speak of that one?"""

from ultra.checks.check import Reported


class MisplacedEnvironment(Reported):
    """`.env.{environment}` or `.env.{environment}.local` names another environment than the one it is for."""

    name = "U006"
    title = "A file names another environment"
    why = "The file was probably copied from the other environment, with secrets and addresses that belong there."
    mend = "Remove the line: `.env` or the process environment chooses. Then look at the rest of that file."
    about = "misplaced"

"""Does `.env` hold the environment and nothing else?"""

from ultra.checks.check import Reported


class Dotenv(Reported):
    """`.env` holds more than `ENVIRONMENT`."""

    name = "U005"
    title = "`.env` holds more than the environment"
    why = "`.env` only chooses the environment. Were other settings there, switching would not switch them."
    mend = (
        "Move the line into `.env.{environment}.local` (this machine, secrets) or `.env.{environment}` (for everybody)."
    )
    about = "dotenv"

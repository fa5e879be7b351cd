"""Is the template free of secrets?"""

from ultra.checks.check import Reported


class CommittedSecrets(Reported):
    """A secret, or an address with a password, stands in `.env.{environment}`, which is committed."""

    name = "U010"
    title = "A secret stands in a committed file"
    why = "Everybody who can read the repository has it, in its history too, for ever."
    mend = "Move it into `.env.{environment}.local`, and replace the secret itself: it is known now."
    about = "committed"

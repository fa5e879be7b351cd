"""Is the file of secrets closed to everybody else?"""

from ultra.checks.check import Reported


class FileModes(Reported):
    """`.env.{environment}.local` can be read, or replaced, by other accounts, or belongs to one of them."""

    name = "U007"
    title = "A file of secrets is open to others"
    why = "Whoever reads it can sign tokens and spend the keys of all providers; whoever writes it can replace them."
    mend = (
        "`chmod 600` the file, `chown` it to the account that runs Ultra, or keep it in a folder of that "
        "account. The committed template `.env.{environment}` holds no secrets and may be readable."
    )
    about = "mode"

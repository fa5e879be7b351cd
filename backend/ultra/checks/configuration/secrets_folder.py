"""Is the secrets directory safe to read from?"""

from ultra.checks.check import Reported


class SecretsFolder(Reported):
    """The folder of `ULTRA_SECRETS_DIR` cannot be read or belongs to another account, or others may write to it.

    The same goes for writing to a file in it.
    """

    name = "U008"
    title = "The secrets directory cannot be trusted"
    why = "Somebody who may write there can put a key of their own in force."
    mend = (
        "`chmod go-w` it (or the file) and give it to the account that runs Ultra, or to root. Read-only mounts and "
        "symlinks, as Kubernetes makes them, are fine."
    )
    about = "secrets folder"

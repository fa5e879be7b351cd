"""Is there a setting of each name?"""

from ultra.checks.check import Reported


class SettingNames(Reported):
    """A name that begins with `ULTRA_`, or any name in an env file, is no setting."""

    name = "U002"
    title = "No setting has this name"
    why = "A misspelt name would be ignored in silence, and a limit or a key that somebody set would not be in force."
    mend = (
        "Take the name that is suggested, or one of the [settings](../settings.md). A variable of an env file "
        "may also be one that `ultra.toml` refers to as `env:NAME`."
    )
    about = "name"

"""Is each file of the secrets directory one value?"""

from ultra.checks.check import Reported


class MountedFiles(Reported):
    """A file in the secrets directory is not one line of text, is there twice, or is needed before it is read."""

    name = "U009"
    title = "A mounted secret cannot be used"
    why = "The value would be missing, or nobody could say which one is in force."
    mend = "One file for one setting, named as the setting or in lower case, with the value and nothing else."
    about = "mounted"

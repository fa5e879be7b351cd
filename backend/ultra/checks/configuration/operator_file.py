"""Can `ultra.toml` be read?"""

from ultra.checks.check import Reported


class OperatorFile(Reported):
    """`ultra.toml` cannot be read, is not TOML, or holds a key or value that Ultra does not know."""

    name = "U011"
    title = "`ultra.toml` cannot be used"
    why = (
        "A provider, price or panel that somebody wrote there would not be in force. Nothing that depends on "
        "the file is judged until it is right."
    )
    mend = (
        "The finding names the place in the file. Prices are decimals in quotes; keys are references "
        "(`env:NAME`, `file:/path`), never the key."
    )
    about = "toml"

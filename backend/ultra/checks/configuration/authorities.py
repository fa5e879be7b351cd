"""Can the certificate authorities be read?"""

import ssl
from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class Authorities(Check):
    """`ULTRA_CA_FILE` cannot be read, or holds no certificate."""

    name = "U036"
    title = "The certificate authorities cannot be read"
    why = "Without them every call to a provider behind that authority would fail."
    mend = "Name a file of PEM certificates (`-----BEGIN CERTIFICATE-----`) that this account may read."

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        path = case.settings.ca_file
        if path is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
        except ssl.SSLError:
            yield self.finding("ULTRA_CA_FILE", "names a file without PEM certificates.", "Name a PEM file.")
        except OSError as error:
            sentence = f"names a file that cannot be read: {error.strerror}."
            yield self.finding("ULTRA_CA_FILE", sentence, "Name a PEM file that this account may read.")

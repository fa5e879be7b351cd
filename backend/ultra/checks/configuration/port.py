"""Can Ultra listen where it should?"""

import errno
import socket
from collections.abc import Iterator
from ipaddress import ip_address

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class Port(Check):
    """Nobody can listen at `ULTRA_HOST` and `ULTRA_PORT`, or somebody does already."""

    name = "U060"
    title = "The port is not free"
    why = (
        "A server that cannot have its port does not start. A server of Ultra that runs already has it, too: "
        "then all is well."
    )
    mend = (
        "Take another port, stop the other program, or use an address of this machine. Ports below 1024 need "
        "a right that a service should not have: let the proxy listen there."
    )
    moment = "ahead"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        host, port = case.settings.host.strip("[]"), case.settings.port
        if not _is_address(host):
            return
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as ours:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                ours.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sentence = f"{port} has a listener already: a running Ultra, or another program."
                yield self.finding("ULTRA_PORT", sentence, "Choose another one if it is not Ultra.", level="info")
            else:
                sentence = f"{port} at {host} cannot be had: {error.strerror}."
                yield self.finding("ULTRA_PORT", sentence, "Choose another one, or an address of this machine.")


def _is_address(host: str) -> bool:
    """Whether it can be bound without asking anybody for a name."""
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True

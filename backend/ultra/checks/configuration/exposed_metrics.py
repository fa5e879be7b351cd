"""Who can read the metrics without a credential?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding


class ExposedMetrics(Check):
    """`ULTRA_METRICS_PORT` is set and `ULTRA_METRICS_HOST` is no loopback address."""

    name = "U061"
    title = "Metrics without a credential"
    why = (
        "Whoever can reach that port reads which models are asked, how much is spent and how often sign-ins fail. "
        "In a container that is as it must be; on a machine with neighbours it is not."
    )
    mend = (
        "Let nobody but Prometheus reach the port (a network of the containers', a firewall), or leave it out and give "
        "Prometheus an API key with the scope `metrics:read`."
    )
    level = "info"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is open."""
        settings = case.settings
        if settings.metrics_port is not None and not is_loopback(settings.metrics_host):
            sentence = "lets whoever can reach it read the metrics."
            yield self.finding("ULTRA_METRICS_HOST", sentence, "Let nobody but Prometheus reach it.")

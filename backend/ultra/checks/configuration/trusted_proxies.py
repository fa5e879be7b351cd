"""Whose word about addresses is taken?"""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class TrustedProxies(Check):
    """`ULTRA_TRUSTED_PROXIES` trusts every address there is."""

    name = "U051"
    title = "Every proxy is trusted"
    why = (
        "Anybody could then claim any address by a header: limits by address, the audit and networks of keys "
        "would be theirs to choose."
    )
    mend = "Name the networks of your own proxies, such as `10.0.0.0/8`."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        networks = [ip_network(each, strict=False) for each in case.settings.trusted_proxies]
        four = collapse_addresses(each for each in networks if isinstance(each, IPv4Network))
        six = collapse_addresses(each for each in networks if isinstance(each, IPv6Network))
        if 0 in [*(each.prefixlen for each in four), *(each.prefixlen for each in six)]:
            sentence = "trusts every address: anybody could claim any other."
            yield self.finding("ULTRA_TRUSTED_PROXIES", sentence, "Name the networks of your own proxies.")

"""What Prometheus would see of a running Ultra."""

import re
import urllib.error
import urllib.request
from dataclasses import dataclass

from tests.journeys.programs import UltraProcess

_LINE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer: status, content type and text."""

    status: int
    content_type: str
    text: str

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all samples of that name with these labels; 0 where there is none."""
        total = 0.0
        for line in self.text.splitlines():
            found = _LINE.match(line)
            if found and found["name"] == name:
                known = dict(_LABEL.findall(found["labels"] or ""))
                if labels.items() <= known.items():
                    total += float(found["value"])
        return total

    def names(self) -> set[str]:
        """Return the name of every sample that there is or could be, by the kinds that are told."""
        found = set()
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.MULTILINE):
            found |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
        return found


def scrape(url: str, *, key: str | None = None, accept: str = "*/*", **headers: str) -> Scrape:
    """Get `/metrics` below an address."""
    sent = {"accept": accept, **headers, **({"authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(f"{url}/metrics", headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return Scrape(reply.status, reply.headers["content-type"], reply.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Scrape(error.code, error.headers["content-type"], error.read().decode())


def scraped(ultra: UltraProcess) -> Scrape:
    """Get it from a running Ultra, with its key."""
    found = scrape(ultra.url, key=ultra.key)
    assert found.status == 200, found.text
    return found

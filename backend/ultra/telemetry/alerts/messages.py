"""How an alert is worded."""

from dataclasses import dataclass

from ultra.domain.alerts import Alert
from ultra.telemetry.alerts.channels import Tone


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is told."""

    title: str
    body: str
    tone: Tone


def message_of(alert: Alert, *, environment: str) -> Message:
    """Say what happened, since when, and which page of the runbook to open."""
    what = f"{alert.name} {alert.subject}".strip()
    at = f"{alert.at:%Y-%m-%d %H:%M:%S} UTC"
    title = f"Ultra ({environment}): {what}" if alert.is_raised else f"Ultra ({environment}): over: {what}"
    body = f"{alert.sentence}\n{at}\nRunbook: docs/runbooks/{alert.name}.md"
    if not alert.is_raised:
        return Message(title, f"{alert.sentence}\n{at}", "success")
    return Message(title, body, "failure" if alert.gravity == "critical" else "warning")

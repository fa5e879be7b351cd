"""Telling an operator: which facts are trouble, when it is over, and whom to tell."""

from ultra.telemetry.alerts.bell import Bell
from ultra.telemetry.alerts.channels import Channels, Delivery
from ultra.telemetry.alerts.rules import RUNBOOKS, Rules

__all__ = ["RUNBOOKS", "Bell", "Channels", "Delivery", "Rules"]

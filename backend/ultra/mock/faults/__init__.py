"""Everything that can go wrong with a vendor, by name: a table of scenarios and how they are asked for."""

from ultra.mock.faults.act import Act, Settings
from ultra.mock.faults.table import SCENARIOS, Chosen, Scenario, UnknownScenario, choose, of_model

__all__ = ["SCENARIOS", "Act", "Chosen", "Scenario", "Settings", "UnknownScenario", "choose", "of_model"]

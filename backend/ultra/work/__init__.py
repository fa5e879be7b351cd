"""ROOM: who runs a run. `in_process` today; another twin of the same promise may wake workers on other machines."""

"""The compose file: read, not run, since there is no Docker here."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ultra.config import declarations

FOLDER = Path(__file__).parents[3] / "deploy" / "compose"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services of the file."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return found


def test_every_setting_is_one_of_ours(services: dict[str, Any]) -> None:
    """An unknown one would keep the server from starting."""
    given = services["ultra"]["environment"]
    assert not set(given) - {each.name for each in declarations()}


def test_what_is_mounted_is_there(services: dict[str, Any]) -> None:
    """Docker would make an empty folder of a file that is not."""
    mounts = [each for service in services.values() for each in service.get("volumes", ()) if each.startswith(".")]
    assert mounts
    assert not [each for each in mounts if not (FOLDER / each.split(":")[0]).exists()]


def test_passwords_are_asked_for(services: dict[str, Any]) -> None:
    """Each variable is named in the example, and none has a default."""
    named = set(re.findall(r"^([A-Z_]+)=$", (FOLDER / "example.env").read_text(), re.MULTILINE))
    used = dict(re.findall(r"(?<!\$)\$\{([A-Z_]+)(:?[-?]?)", (FOLDER / "compose.yaml").read_text()))
    assert set(used) == named
    assert set(used.values()) == {":?"}


def test_only_the_proxy_is_reached_from_outside(services: dict[str, Any]) -> None:
    """Everything else is on the inner network, or on loopback."""
    open_ports = {name: each["ports"] for name, each in services.items() if "ports" in each}
    assert open_ports.pop("proxy") == ["80:80", "443:443"]
    assert all(port.startswith("127.0.0.1:") for ports in open_ports.values() for port in ports)


def test_ultra_may_do_next_to_nothing(services: dict[str, Any]) -> None:
    """It cannot write to its own files, has no capability, and has time to leave."""
    ultra = services["ultra"]
    assert (ultra["read_only"], ultra["cap_drop"]) == (True, ["ALL"])
    assert ultra["stop_grace_period"] == "45s"
    assert ultra["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}

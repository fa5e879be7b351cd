"""`ultra verify --live` with a real model server in the place of a vendor."""

import socket
from collections.abc import Iterator

import pytest

from tests.journeys.programs import UltraProcess, at, environment, mock_process, ultra_process
from tests.live.model_server import model_server, smollm2
from tests.readiness.verifying import make_admin, results, verify

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

LIVE = ("live-answer", "live-stream", "live-tool", "live-schema", "live-refused")
TOML = """
[[providers]]
name = "small"
preset = "llamacpp"
base_url = "{small}"
private = true
models = ["smollm2"]
[models."small/smollm2"]
tools = false
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[UltraProcess, dict[str, str]]]:
    """Serve with the real model beside mocks, and make an administrator."""
    folder = tmp_path_factory.mktemp("live")
    with (
        mock_process() as mock,
        model_server(smollm2(), alias="smollm2", port=_free_port(), log=folder / "smollm2.log") as small,
        ultra_process(folder, mock, toml=TOML.format(small=small)) as ultra,
    ):
        yield ultra, make_admin(folder, environment(folder, **at(mock)))


@pytest.mark.parametrize("step", LIVE)
def test_a_real_model_is_asked(asked: tuple[UltraProcess, dict[str, str]], step: str) -> None:
    """An answer, a stream, a schema and a refusal, from a model that is no mock; it costs nothing.

    Its template has no place for tools, and `ultra.toml` says so: that step asks the others only.
    """
    ultra, admin = asked
    _, report = verify(ultra.folder, "--url", ultra.url, "--live", "--only", step, **admin)
    (found,) = report["steps"]
    assert results(report) == {step: "passed"}, found["said"]
    assert ("small/smollm2" in found["said"]) is (step != "live-tool"), found["said"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

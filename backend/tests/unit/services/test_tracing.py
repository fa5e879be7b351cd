"""Tracing is there where it is wished for, says what is missing, and costs nothing elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.collector import collector
from tests.fakes.system import FakeSystem
from tests.journeys.programs import environment
from ultra.config import ConfigurationInvalid, Settings, load
from ultra.services.tracing import open_tracing


def settings(folder: Path, **environ: str) -> Settings:
    """Load."""
    return load(environ=environ, folder=folder).settings


async def test_without_an_endpoint_there_is_none(tmp_path: Path) -> None:
    """Nothing is traced."""
    async with open_tracing(settings(tmp_path), system=FakeSystem()) as tracing:
        assert tracing is None


async def test_the_process_is_described_and_headers_are_sent(tmp_path: Path) -> None:
    """What is left at the end is sent before it ends."""
    with collector() as kept:
        given = settings(tmp_path, ULTRA_OTEL_ENDPOINT=kept.url, ULTRA_OTEL_HEADERS="x-key=abc, x-other=d=e")
        async with open_tracing(given, system=FakeSystem()) as tracing:
            assert tracing is not None
            with tracing.request("GET", {}) as span:
                span.ended(route="/health", status=200, request_id="req_1")
        assert [each.name for each in kept.spans] == ["GET /health"]
        assert kept.resource["deployment.environment.name"] == "development"
        assert (kept.headers[0]["x-key"], kept.headers[0]["x-other"]) == ("abc", "d=e")


async def test_nothing_is_kept_of_what_is_not_sampled(tmp_path: Path) -> None:
    """At a ratio of 0 no trace of ours is sent."""
    with collector() as kept:
        given = settings(tmp_path, ULTRA_OTEL_ENDPOINT=kept.url, ULTRA_OTEL_SAMPLE_RATIO="0")
        async with open_tracing(given, system=FakeSystem()) as tracing:
            assert tracing is not None
            with tracing.request("GET", {}) as span:
                span.ended(route="/health", status=200, request_id="req_1")
        assert not kept.spans


async def test_headers_that_are_none_are_refused(tmp_path: Path) -> None:
    """The setting is named, its value is not repeated."""
    given = settings(tmp_path, ULTRA_OTEL_ENDPOINT="http://127.0.0.1:4318", ULTRA_OTEL_HEADERS="a-secret")
    with pytest.raises(ConfigurationInvalid) as caught:
        async with open_tracing(given, system=FakeSystem()):
            pass
    assert "ULTRA_OTEL_HEADERS" in str(caught.value)
    assert "a-secret" not in str(caught.value)


_WITHOUT = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry.sdk") or name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Nothing())
from ultra.__main__ import main
sys.argv = ["ultra", *sys.argv[1:]]
main()
"""


def test_a_missing_extra_is_a_configuration_error(tmp_path: Path) -> None:
    """The server does not start, and says what to install."""
    variables = environment(tmp_path, ENVIRONMENT="development", ULTRA_OTEL_ENDPOINT="http://127.0.0.1:4318")
    command = [sys.executable, "-c", _WITHOUT, "serve", "--port", "0"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 78
    assert "ULTRA_OTEL_ENDPOINT" in done.stderr
    assert "ultra[otel]" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_it_is_loaded_without_an_endpoint(tmp_path: Path) -> None:
    """A house that does not trace has no OpenTelemetry exporter in its memory."""
    program = """
import asyncio, sys
from pathlib import Path
from ultra.config import load, make_secrets, missing_secrets
from ultra.services import build, presets
from ultra.system import System
async def main():
    given = {"ENVIRONMENT": "testing"}
    loaded = load(environ=given, folder=Path("."), presets=presets())
    given |= make_secrets(missing_secrets(loaded.settings), system=System())
    loaded = load(environ=given, folder=Path("."), presets=presets())
    async with build(loaded, system=System(), serves=False):
        pass
asyncio.run(main())
assert not [name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment(tmp_path), check=True, timeout=90)

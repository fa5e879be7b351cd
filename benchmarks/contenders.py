"""Who is measured: how each is started on loopback, when it is ready, how it is asked, what it takes of the machine."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = sys.executable
DOORS = ("short", "chunks", "slow")
READY_S = 90.0
"""How long a start may take, on a machine that is busy."""

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class NotInstalled(Exception):
    """This contender is not on this machine; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One program and how to ask it. `ports` maps each door of the upstream to a port of the contender."""

    name: str
    pid: int
    start_s: float
    ports: Mapping[str, int]
    path: str = "/v1/chat/completions"
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    model: str = "{door}/m"
    key: str = "bench"

    def job(self, door: str, *, stream: bool, **limits: Any) -> dict[str, Any]:
        """Return what `load.py` is told to make this contender answer through that door of the upstream."""
        body: dict[str, Any] = {"model": self.model.format(door=door), "messages": MESSAGES, "max_tokens": 200}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        headers = {
            "authorization": f"Bearer {self.key}",
            "content-type": "application/json",
            **self.headers.get(door, {}),
        }
        asked = {"host": "127.0.0.1", "port": self.ports[door], "path": self.path, "headers": headers}
        return {**asked, "body": json.dumps(body), "stream": stream, **limits}

    def cpu_s(self) -> float:
        """Return the CPU seconds that the process and its children have used."""
        return sum(_cpu_s(pid) for pid in family(self.pid))

    def rss_mb(self) -> float:
        """Return the resident memory of the process and its children, in MB."""
        return sum(_rss_kb(pid) for pid in family(self.pid)) / 1024


_FILLING = "Name the capital of Australia and say in one sentence since when it is the capital. "
MESSAGES = [
    {"role": "system", "content": "Answer briefly and only what you know for certain."},
    {"role": "user", "content": (_FILLING * 12)[:820]},
]
"""With the rest of the body about 1 KB."""


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


def _cpu_s(pid: int) -> float:
    """Add up the threads in nanoseconds; those that have ended no longer count, and none that matters here does."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except (OSError, IndexError):
            continue
    return total / 1e9


def _rss_kb(pid: int) -> int:
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


# --- programs ---------------------------------------------------------------------------------------------------------


@contextmanager
def running(command: Sequence[str], *, folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program and end it, and what it started, by their ids. Its log is `folder/log`."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            list(command), cwd=folder, env=kept | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log, text=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str], *, patience: float = 15.0) -> None:
    """Ask a program to leave, wait, and insist."""
    whole = family(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(patience)
    for pid in whole[1:]:
        if process.pid in _ancestry(pid):
            os.kill(pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _ancestry(pid: int) -> list[int]:
    """Return the parents of a process; empty when it is gone."""
    found = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            return found
        found.append(pid)
    return found


def announced_port(process: subprocess.Popen[str], folder: Path) -> int:
    """Read the program's output until it names its address."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if found := _ADDRESS.search(line):
            return int(found[1])
    raise RuntimeError(f"It ended before it named an address: {said}{(folder / 'log').read_text()[-2000:]}")


def wait_until_healthy(port: int, path: str, process: subprocess.Popen[str], *, patience: float = READY_S) -> None:
    """Return at the first answer with status 200."""
    until, said = time.monotonic() + patience, ""
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError) as error:
            said = str(error)
            time.sleep(0.005)
    raise RuntimeError(f"Nothing healthy at port {port} within {patience:g} s: {said}")


# --- the contenders ---------------------------------------------------------------------------------------------------


@contextmanager
def ultra(upstream: Mapping[str, str], folder: Path, **_: Any) -> Iterator[Contender]:
    """`ultra serve` with a file database and log lines as JSON; the doors are compatible providers of `ultra.toml`."""
    with _ultra("ultra", ROOT, upstream, folder) as contender:
        yield contender


@contextmanager
def before(upstream: Mapping[str, str], folder: Path, *, before: str | None = None, **_: Any) -> Iterator[Contender]:
    """Ultra as it was: another tree of this repository (`--before DIR`), to see what a change does."""
    if before is None or not (Path(before) / "backend/ultra").is_dir():
        raise NotInstalled("no backend/ultra in the folder given by --before")
    with _ultra("before", Path(before).resolve(), upstream, folder) as contender:
        yield contender


@contextmanager
def _ultra(name: str, tree: Path, upstream: Mapping[str, str], folder: Path) -> Iterator[Contender]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ultra.toml").write_text(ultra_toml(upstream))
    environment = ULTRA | {"PYTHONPATH": str(tree / "backend")}
    key = ultra_key(folder, environment)
    began = time.perf_counter()
    with running([PYTHON, "-m", "ultra", "serve", "--port", "0"], folder=folder, **environment) as process:
        port = announced_port(process, folder)
        wait_until_healthy(port, "/health/ready", process)
        yield Contender(name, process.pid, time.perf_counter() - began, dict.fromkeys(DOORS, port), key=key)


_NEVER = "1000000000"
ULTRA = {
    "ENVIRONMENT": "development",
    "ULTRA_LOG_FORMAT": "json",
    "BENCH_KEY": "k",
    **{
        f"ULTRA_LIMIT_{name}": _NEVER
        for name in ("REQUESTS_PER_MINUTE", "COST_PER_MINUTE", "TOKENS_PER_MINUTE", "ADDRESS_PER_MINUTE")
    },
    "ULTRA_LIMIT_CONCURRENCY": "1000",
}
"""The environment in which Ultra is measured; the mock servers of the vendors stay idle beside it.

Every limit is counted and none is reached.
"""


def ultra_key(folder: Path, environment: Mapping[str, str]) -> str:
    """Make an API key for the Ultra in `folder`; a tree from before there were keys takes any word."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    command = [PYTHON, "-m", "ultra", "keys", "create", "--name", "bench", "--json"]
    made = subprocess.run(
        command, cwd=folder, env=kept | dict(environment), capture_output=True, text=True, check=False
    )
    if made.returncode == 2:
        return "bench"
    made.check_returncode()
    key: str = json.loads(made.stdout)["key"]
    return key


def ultra_toml(upstream: Mapping[str, str]) -> str:
    """Return an `ultra.toml` in which every door is a provider with one model and one price."""
    tables = [
        f'[[providers]]\nname = "{door}"\nbase_url = "{address}"\napi_key = "env:BENCH_KEY"\nmodels = ["m"]\n\n'
        f'[prices."{door}/m"]\ninput = "1.25"\noutput = "10"\n'
        for door, address in upstream.items()
    ]
    return "\n".join(tables)


@contextmanager
def bare(upstream: Mapping[str, str], folder: Path, **_: Any) -> Iterator[Contender]:
    """Our own least proxy, see `bare.py`."""
    began = time.perf_counter()
    with running([PYTHON, str(HERE / "bare.py"), json.dumps(dict(upstream))], folder=folder) as process:
        port = announced_port(process, folder)
        wait_until_healthy(port, "/health", process)
        yield Contender("bare", process.pid, time.perf_counter() - began, dict.fromkeys(DOORS, port))


@contextmanager
def direct(upstream: Mapping[str, str], folder: Path, **_: Any) -> Iterator[Contender]:  # noqa: ARG001 - all are called alike
    """Nobody in between: what the upstream and the load themselves can do."""
    yield Contender("direct", 0, 0.0, {door: _port(address) for door, address in upstream.items()})


@contextmanager
def nginx(upstream: Mapping[str, str], folder: Path, *, nginx: str | None = None, **_: Any) -> Iterator[Contender]:
    """Debian's nginx as a reverse proxy with one worker, from `--nginx` or the PATH."""
    program = nginx or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None or not Path(program).exists():
        raise NotInstalled("no nginx")
    folder.mkdir(parents=True, exist_ok=True)
    ports = dict(zip(upstream, free_ports(len(upstream)), strict=True))
    (folder / "nginx.conf").write_text(nginx_conf(upstream, ports, folder))
    began = time.perf_counter()
    with running([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder=folder) as process:
        for port in ports.values():
            wait_until_healthy(port, "/v1/models", process)
        yield Contender("nginx", process.pid, time.perf_counter() - began, ports)


def nginx_conf(upstream: Mapping[str, str], ports: Mapping[str, int], folder: Path) -> str:
    """Return a configuration with a server for each door, kept connections upstream and no buffering."""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    servers = "".join(
        f"upstream {door} {{ server 127.0.0.1:{_port(address)}; keepalive 64; }}\n"
        f"server {{ listen 127.0.0.1:{ports[door]}; location / {{ proxy_pass http://{door};"
        ' proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } }\n'
        for door, address in upstream.items()
    )
    return (
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; keepalive_requests 1000000; {temporary}\n"
        f"{servers}}}\n"
    )


@contextmanager
def litellm(upstream: Mapping[str, str], folder: Path, *, litellm: str | None = None, **_: Any) -> Iterator[Contender]:
    """LiteLLM's proxy out of a virtual environment of its own (`--litellm DIR`), one worker."""
    program = Path(litellm or "") / "bin" / "litellm"
    if litellm is None or not program.exists():
        raise NotInstalled("no bin/litellm in the folder given by --litellm")
    folder.mkdir(parents=True, exist_ok=True)
    models = [
        {"model_name": f"{door}/m", "litellm_params": {"model": "openai/m", "api_base": address, "api_key": "k"}}
        for door, address in upstream.items()
    ]
    configuration = {"model_list": models, "general_settings": {"master_key": "bench"}}
    (folder / "config.yaml").write_text(json.dumps(configuration))  # JSON is YAML
    (port,) = free_ports(1)
    command = [str(program), "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
    began = time.perf_counter()
    quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    with running(command, folder=folder, **quiet) as process:
        wait_until_healthy(port, "/health/liveliness", process)
        yield Contender("litellm", process.pid, time.perf_counter() - began, dict.fromkeys(DOORS, port))


@contextmanager
def portkey(upstream: Mapping[str, str], folder: Path, *, portkey: str | None = None, **_: Any) -> Iterator[Contender]:
    """Portkey's gateway out of a folder of its own (`--portkey DIR`, with node_modules in it)."""
    program = Path(portkey or "") / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if portkey is None or not program.exists():
        raise NotInstalled("no node_modules/@portkey-ai/gateway in the folder given by --portkey")
    (port,) = free_ports(1)
    began = time.perf_counter()
    command = ["node", str(program), f"--port={port}", "--headless"]
    with running(command, folder=folder, TRUSTED_CUSTOM_HOSTS="127.0.0.1") as process:
        wait_until_healthy(port, "/", process)
        headers = {
            door: {"x-portkey-provider": "openai", "x-portkey-custom-host": address}
            for door, address in upstream.items()
        }
        yield Contender(
            "portkey", process.pid, time.perf_counter() - began, dict.fromkeys(DOORS, port), headers=headers, model="m"
        )


CONTENDERS = {each.__name__: each for each in (direct, nginx, bare, before, ultra, portkey, litellm)}


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody listens on at the moment."""
    import socket  # noqa: PLC0415 - only programs that cannot choose a port themselves need it

    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _port(address: str) -> int:
    found = _ADDRESS.match(address)
    if found is None:
        raise ValueError(f"Not an address on this machine: {address}")
    return int(found[1])

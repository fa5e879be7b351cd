"""Make `.venv` and put the locked packages of a group into it, with the standard library only.

    python scripts/install.py serve|test|live

A stamp inside the environment remembers what was installed, so that a second start costs milliseconds. The
stamp is written last: whoever interrupts an installation simply starts it again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
GROUPS = {
    "serve": ["requirements/setup.txt", "requirements/serve.txt"],
    "test": ["requirements/test.txt"],
    "live": ["requirements/live.txt"],
}


def main(arguments: list[str]) -> int:
    """Install one group; returns 0, or 64 for a wrong call and 69 when something needed is missing."""
    if len(arguments) != 1 or arguments[0] not in GROUPS:
        sys.stderr.write(f"usage: install.py {'|'.join(GROUPS)}\n")
        return 64
    group = arguments[0]
    stamp = VENV / f".installed-{group}"
    wanted = fingerprint(group)
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return 0
    sys.stderr.write(f"Installing into {VENV} ...\n")
    try:
        make_environment()
        install(group)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"The installation stopped: {' '.join(map(str, error.cmd))}\n")
        sys.stderr.write("Is the package index reachable? Running this again continues where it stopped.\n")
        return 69
    stamp.write_text(wanted)
    return 0


def fingerprint(group: str) -> str:
    """Return a digest of everything that decides what is installed."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in [*GROUPS[group], "pyproject.toml"]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def make_environment() -> None:
    """Create `.venv` unless it is whole; an environment left half-made by an interruption is made anew."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, VENV], check=True)
        return
    try:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    except subprocess.CalledProcessError:
        sys.stderr.write("This Python cannot make virtual environments (on Debian: apt install python3-venv).\n")
        raise


def install(group: str) -> None:
    """Install the locked requirements, then Ultra itself as an editable package that adds the `ultra` command."""
    uv = own_uv()
    # What the live tests need names far more than it uses here; its lock lists every package that is wanted.
    alone = ["--no-deps"] if group == "live" else []
    for name in GROUPS[group]:
        pip_install(uv, "--require-hashes", *alone, "-r", ROOT / name)
    pip_install(uv, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def own_uv() -> str:
    """Return the path of uv: the machine's own, else one put into the environment by pip."""
    if uv := shutil.which("uv"):
        return uv
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "setup.txt"], check=True)
    return str(uv)


def pip_install(uv: str, *arguments: str | Path) -> None:
    """Run uv's pip for our environment, whatever environment happens to be active."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    command = [uv, "pip", "install", "--quiet", "--python", PYTHON, *arguments]
    subprocess.run(command, check=True, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

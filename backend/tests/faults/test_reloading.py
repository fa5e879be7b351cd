"""SIGHUP: the configuration is read again under load, and nobody who is being answered notices."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.crowd import crowd
from tests.faults.listening import Listener
from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, provider_toml, ultra_process, until

MODELS = {"acme": ["alpha", "beta"], "best": ["gamma"], "openai": ["gpt-6-astra"]}
QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]
ALIAS = '[aliases]\nfast = ["{}"]\n'


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Run a mock that knows two compatible servers."""
    with mock_process(models=MODELS) as running:
        yield running


@pytest.fixture(scope="module")
def ultra(mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Serve with an alias, in one process."""
    folder = tmp_path_factory.mktemp("ultra")
    with ultra_process(folder, mock, toml=ALIAS.format("acme/alpha")) as process:
        (folder / "acme.key").write_text("first-key\n")
        yield process


def table(mock: Mock, folder: Path, name: str = "acme") -> str:
    """Return the table of a compatible server whose key stands in a file."""
    return provider_toml(mock, name, MODELS[name]).replace("env:ACME_API_KEY", f"file:{folder / 'acme.key'}")


def reload(ultra: UltraProcess, toml: str, *, says: str = "the configuration was reloaded") -> str:
    """Write another file, send SIGHUP, wait for what is logged, and return it."""
    before = len(ultra.log())
    (ultra.folder / "ultra.toml").write_text(toml)
    ultra.signal(signal.SIGHUP)
    until(lambda: says in ultra.log()[before:], patience=30, what=says)
    return ultra.log()[before:]


def ask(ultra: UltraProcess, model: str) -> tuple[int, str]:
    """Ask once; return the status, and which model answered or what is wrong."""
    status, body = fetch(f"{ultra.url}/v1/chat/completions", method="POST", body={"model": model, "messages": QUESTION})
    return status, body["model"] if status == 200 else body["error"]["code"]


def test_aliases_and_providers_come_and_go(ultra: UltraProcess, mock: Mock) -> None:
    """An alias means another model, a provider is there that was not, and one that went is not asked any more."""
    assert ask(ultra, "best/gamma")[0] == 404
    both = ALIAS.format("best/gamma") + table(mock, ultra.folder) + table(mock, ultra.folder, "best")
    reload(ultra, both)
    until(lambda: ask(ultra, "best/gamma")[0] == 200, patience=30, what="a provider more")
    assert ask(ultra, "fast") == (200, "best/gamma")
    providers = {each["id"] for each in ultra.get("/api/available-models")["providers"]}
    assert {"acme", "best"} <= providers
    reload(ultra, ALIAS.format("acme/beta") + table(mock, ultra.folder))
    assert ask(ultra, "fast") == (200, "acme/beta")
    assert ask(ultra, "best/gamma") == (404, "model_not_found")


def test_a_bad_file_leaves_everything_as_it_was(ultra: UltraProcess, mock: Mock) -> None:
    """The log says what is wrong with it, and a mended file counts."""
    good = ALIAS.format("acme/alpha") + table(mock, ultra.folder)
    reload(ultra, good)
    for bad, sign in ((good + "[aliasses]\n", "aliasses"), (good + "= not toml", "is not TOML")):
        said = reload(ultra, bad, says="was not reloaded")
        assert sign in said
        assert ask(ultra, "fast") == (200, "acme/alpha")
    reload(ultra, good.replace("acme/alpha", "acme/beta", 1))
    assert ask(ultra, "fast") == (200, "acme/beta")


def test_what_needs_a_restart_is_named(ultra: UltraProcess, mock: Mock) -> None:
    """A changed setting that this process was built with is named, without its value; others count at once."""
    local = ultra.folder / ".env.testing.local"
    local.write_text("ULTRA_RUN_PANEL_SIZE=7\nULTRA_LIMIT_REQUESTS_PER_MINUTE=111\n")
    local.chmod(0o600)
    toml = ALIAS.format("acme/alpha") + table(mock, ultra.folder)
    said = reload(ultra, toml, says="needs a restart")
    assert "ULTRA_RUN_PANEL_SIZE" in said
    assert "ULTRA_LIMIT" not in said
    listener = Listener(f"{ultra.url}/v1/models").to_the_end()
    assert "111" in "".join(value for name, value in listener.headers.items() if name.startswith("ratelimit"))
    local.unlink()
    assert "needs a restart" not in reload(ultra, toml)


def test_keys_rotate_without_a_signal(ultra: UltraProcess, mock: Mock) -> None:
    """A key in a file counts from the next call on; nothing has to be told."""
    reload(ultra, ALIAS.format("acme/alpha") + table(mock, ultra.folder))
    digests = []
    for key in ("second-key", "third-key"):
        (ultra.folder / "next.key").write_text(f"{key}\n")
        (ultra.folder / "next.key").replace(ultra.folder / "acme.key")
        assert ask(ultra, "acme/alpha")[0] == 200
        digests.append(mock.requests("alpha")[-1]["key_sha256"])
    assert len(set(digests)) == 2


def test_calls_under_way_end_as_they_began(ultra: UltraProcess, mock: Mock) -> None:
    """A stream goes on to its end although its provider, and its alias, have gone meanwhile."""
    reload(ultra, ALIAS.format("acme/alpha") + table(mock, ultra.folder))
    mock.arm("stall-after-2-1s", model="alpha", times=1)
    body = {"model": "fast", "messages": QUESTION, "stream": True}
    stream = Listener(f"{ultra.url}/v1/chat/completions", body)
    stream.hears(b'"content"')
    reload(ultra, "")
    assert ask(ultra, "fast")[0] == 404
    assert stream.to_the_end().heard.endswith(b"data: [DONE]\n\n")


def test_nobody_notices_under_load(ultra: UltraProcess, mock: Mock) -> None:
    """Ten reloads, with two arrangements in turn and a bad file among them, and not one failed request."""
    ways = [ALIAS.format(f"acme/{name}") + table(mock, ultra.folder) for name in ("alpha", "beta")]
    reload(ultra, ways[0])
    with crowd(ultra.url, models=["fast", "acme/alpha"]) as clients:
        for number in range(10):
            if number == 5:
                reload(ultra, "= bad", says="was not reloaded")
            reload(ultra, ways[number % 2])
            clients.goes_on(5)
    assert clients.failures == []
    assert {"alpha", "beta"} == {each["model"] for each in mock.requests()[-clients.well :]}


def test_sigusr2_does_not_end_a_single_process(ultra: UltraProcess) -> None:
    """It says that one process cannot be replaced without a break, and goes on."""
    os.kill(ultra.pid, signal.SIGUSR2)
    until(lambda: "two workers or more" in ultra.log(), patience=30, what="a word about it")
    assert fetch(f"{ultra.url}/health/ready")[0] == 200

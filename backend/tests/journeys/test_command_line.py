"""The command line as people and scripts use it: what it prints, where, and with which exit code."""

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.asking import CLOSED, OPEN
from tests.journeys.programs import MODELS, PANEL, Mock, at, environment, provider_toml
from ultra.cli.main import run

PANEL_OPTIONS = [word for model in PANEL for word in ("--model", model)]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Ultra = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock: Mock) -> Path:
    """Stand in an empty folder whose settings name the mock, with no variable of anybody else's."""
    for name in os.environ:
        if name.startswith("ULTRA_") or name.endswith(("_API_KEY", "_URL")) or name == "ENVIRONMENT":
            monkeypatch.delenv(name)
    for name, value in environment(tmp_path, **at(mock)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    toml = f"[panels]\ndefault = {json.dumps(PANEL)}\n" + provider_toml(mock, "acme", MODELS["acme"])
    (tmp_path / "ultra.toml").write_text(toml)
    return tmp_path


@pytest.fixture
def ultra(folder: Path, capsys: pytest.CaptureFixture[str]) -> Ultra:
    """Run commands in this process."""

    def command(*arguments: str) -> Said:
        code = run(arguments)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return command


def test_ask_prints_the_answer_and_nothing_else(ultra, mock):
    """The answer alone goes to standard output, so that it can be piped."""
    said = ultra("ask", "What is 17 * 23?", "--model", "acme/alpha")
    assert (said.code, said.err) == (0, "")
    assert "391" in said.out
    assert said.out.endswith("\n")
    assert mock.outcomes("alpha") == ["finished"]


def test_ask_chooses_a_model_by_itself(ultra, mock):
    """Without `--model` the first of the panel answers."""
    assert ultra("ask", OPEN).code == 0
    assert [each["model"] for each in mock.requests()] == ["alpha"]


def test_ask_as_json(ultra):
    """`--json` is one document with the answer and what is known about it."""
    told = ultra("ask", CLOSED, "--model", "acme/alpha", "--json").json
    assert "391" in told["text"]
    assert (told["model"], told["finish_reason"]) == ("acme/alpha", "stop")
    assert float(told["ultra"]["cost_usd"]) > 0


def test_ask_passes_instructions_and_standard_input_on(ultra, mock, monkeypatch):
    """`--system` and a question from a pipe reach the model."""
    monkeypatch.setattr("sys.stdin", io.StringIO("PIPED-QUESTION"))
    assert ultra("ask", "-", "--model", "acme/alpha", "--system", "SYSTEM-MARK").code == 0
    sent = [message["content"] for message in mock.requests("alpha")[0]["body"]["messages"]]
    assert ("SYSTEM-MARK" in sent[0], "PIPED-QUESTION" in sent[-1]) == (True, True)


def test_ask_an_ensemble(ultra, mock):
    """An ensemble is asked like a model."""
    said = ultra("ask", CLOSED, "--model", "ultra/consensus", "--json")
    assert said.json["ultra"]["status"] == "complete"
    assert {each["model"] for each in mock.requests()} == {"alpha", "beta", "gamma"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", OPEN, "-m", "nobody/x"], 66, "ultra models"),
        (["ask", OPEN, "-m", "ultra/concensus"], 66, "consensus"),
        (["ask", "", "-m", "ultra/consensus"], 66, "prompt"),
        (["analyze", OPEN, "--pattern", "factcheck"], 66, "fact-check"),
        (["analyze", OPEN, "--flow", "votes"], 66, "vote"),
        (["analyze", OPEN, "--budget", "much"], 2, "0.05"),
        (["analyze", OPEN, "--budget", "-1"], 66, "above zero"),
        (["analyze", OPEN, "--context", "nowhere.txt"], 2, "nowhere.txt"),
        (["analyze", OPEN, "--follow-up", "run_x"], 66, "run_x"),
        (["analyze"], 2, "prompt"),
        (["nonsense"], 2, "nonsense"),
        (["ask", OPEN, "--nonsense"], 2, "--nonsense"),
        (["patterns", "factcheck"], 66, "fact-check"),
        (["models", "--provider", "nobody"], 66, "acme"),
        (["config", "explain", "ULTRA_PROT"], 78, "ULTRA_PORT"),
    ],
)
def test_mistakes_are_named_with_a_way_out(ultra, mock, arguments, code, words):
    """A wrong word costs nothing, prints nothing, and is answered on standard error with what would be right."""
    said = ultra(*arguments)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert "Traceback" not in said.err
    assert mock.requests() == []


def test_a_name_that_only_the_provider_can_know_is_asked_for(ultra, mock):
    """A command has read no list of models; what the provider says of the name is told."""
    said = ultra("ask", OPEN, "--model", "acme/alfa")
    assert (said.code, said.out) == (66, "")
    assert "alfa" in said.err
    assert len(mock.requests()) == 1


def test_ask_says_when_an_answer_breaks_off(ultra, mock):
    """What came is printed; that it is incomplete is an error, not a silence."""
    mock.arm("reset-mid-event-after-3", provider="acme", model="alpha")
    said = ultra("ask", OPEN, "--model", "acme/alpha")
    assert said.code == 1
    assert said.out.strip()
    assert said.err.strip()


def test_ask_says_when_nobody_can_be_asked(ultra, monkeypatch):
    """Without a key for the provider there is nobody to ask: 69, and the setting to set."""
    monkeypatch.delenv("OPENAI_API_KEY")
    said = ultra("ask", OPEN, "--model", "openai/gpt-6-astra")
    assert (said.code, said.out) == (69, "")
    assert "no_api_key" in said.err or "OPENAI_API_KEY" in said.err


def test_analyze_prints_heading_verdict_and_facts(ultra, mock):
    """The status comes first, then the verdict, then how far it can be trusted and what it took."""
    said = ultra("analyze", CLOSED, *PANEL_OPTIONS)
    assert (said.code, said.err) == (0, "")
    first, *middle, last = said.out.strip().splitlines()
    assert first.startswith("Complete ")
    assert any("391" in line for line in middle)
    for fact in ("3 of 3 answered", "decided: 391", "agree", "confidence: not calibrated", "$0.0", " s ", "run_"):
        assert fact in last


def test_analyze_keeps_the_lines_of_the_verdict(ultra, folder):
    """Piped, the verdict is what the models wrote, not what fits a terminal."""
    told = ultra("analyze", OPEN, *PANEL_OPTIONS, "--json").json
    assert max(len(line) for line in told["text"].splitlines()) > 80, "The mock speaks in long lines."
    said = ultra("analyze", OPEN, *PANEL_OPTIONS)
    assert max(len(line) for line in said.out.splitlines()) > 80


def test_analyze_as_json(ultra):
    """`--json` is the whole run, as the API shows it."""
    run = ultra("analyze", CLOSED, *PANEL_OPTIONS, "--json").json
    assert (run["status"], run["decided"], run["answered"], run["flow"]) == ("complete", "391", 3, "adaptive")
    assert {each["model"] for each in run["answers"]} == set(PANEL)


def test_analyze_takes_flow_pattern_document_and_earlier_run(ultra, mock, folder):
    """Every option arrives where it belongs."""
    first = ultra("analyze", "The EARLIER-QUESTION", *PANEL_OPTIONS, "--flow", "route", "--json").json
    (folder / "notes.txt").write_text("DOCUMENT-MARK")
    mock.reset()
    options = ["--flow", "compare", "--pattern", "critique", "--context", "notes.txt", "--follow-up", first["id"]]
    second = ultra("analyze", "And then?", *PANEL_OPTIONS, *options, "--json").json
    assert (second["flow"], second["pattern"], second["follow_up_to"]) == ("compare", "critique", first["id"])
    for request in mock.requests():
        sent = json.dumps(request["body"])
        assert all(mark in sent for mark in ("EARLIER-QUESTION", "DOCUMENT-MARK", "And then?"))


def test_analyze_fails_with_reasons(ultra, mock):
    """When nobody answers, each model's reason is printed once, and the exit code says so."""
    mock.arm("bad-key", provider="acme")
    said = ultra("analyze", OPEN, *PANEL_OPTIONS)
    assert said.code == 1
    assert said.out.startswith("Failed ")
    assert all(said.out.count(model) == 1 for model in PANEL)
    assert "Every model failed." in said.out


def test_analyze_within_a_budget(ultra, mock):
    """A budget that does not reach asks nobody and says what to do."""
    said = ultra("analyze", OPEN, *PANEL_OPTIONS, "--budget", "0.000001")
    assert said.code == 1
    assert "budget_usd" in said.out
    assert mock.requests() == []


def test_analyze_that_keeps_nothing(ultra, folder):
    """`--no-store` leaves no trace of the question in the folder."""
    assert ultra("analyze", "The SECRET-QUESTION", *PANEL_OPTIONS, "--no-store").code == 0
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"SECRET-QUESTION" not in written


def test_models(ultra):
    """Models come as a table for people and as the API's items for programs."""
    table = ultra("models", "--provider", "acme")
    assert table.code == 0
    assert "acme/alpha" in table.out
    assert "anthropic" not in table.out
    items = ultra("models", "--available", "--json").json
    assert {"acme/alpha", "ultra/consensus", "gemini/gemini-4-argon"} <= {each["id"] for each in items}
    assert all(each["ultra"]["usable"] for each in items)


def test_patterns(ultra):
    """Patterns come as a table, as JSON, and one by one."""
    assert "fact-check" in ultra("patterns").out
    every = ultra("patterns", "--json").json
    assert len(every) == 11
    (one,) = ultra("patterns", "gut", "--json").json
    assert one in every


def test_config_masks_secrets(ultra):
    """Configuration can be shown and explained; a key is never printed."""
    shown, as_json = ultra("config", "show"), ultra("config", "show", "--json")
    explained = ultra("config", "explain", "OPENAI_API_KEY")
    for said in (shown, as_json, explained):
        assert said.code == 0
        assert "OPENAI_API_KEY" in said.out
        assert "key-for-openai" not in said.out
    schema = ultra("config", "schema").json
    assert schema["type"] == "object"


def test_an_invalid_configuration_names_every_problem(ultra, monkeypatch):
    """All problems at once, each with its setting, none with its value."""
    monkeypatch.setenv("ULTRA_PORT", "BAD-PORT-VALUE")
    monkeypatch.setenv("ULTRA_RUN_BUDGET_USD", "BAD-MONEY-VALUE")
    monkeypatch.setenv("ULTRA_HOTS", "BAD-NAME-VALUE")
    for command in (["ask", OPEN], ["serve"], ["db", "status"]):
        said = ultra(*command)
        assert (said.code, said.out) == (78, "")
        assert len(said.err.strip().splitlines()) == 3
        assert all(name in said.err for name in ("ULTRA_PORT", "ULTRA_RUN_BUDGET_USD", "ULTRA_HOTS"))
        assert "Did you mean ULTRA_HOST?" in said.err
        assert "VALUE" not in said.err


def test_a_bad_toml_file_is_named(ultra, folder):
    """A mistake in `ultra.toml` stops a command with the place of the mistake."""
    (folder / "ultra.toml").write_text("[aliasses]\nx = ['a/b']\n")
    said = ultra("ask", OPEN)
    assert said.code == 78
    assert "aliasses" in said.err
    assert "aliases" in said.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "ultra.example"])
def test_serving_the_world_is_refused(ultra, host):
    """As long as there are no accounts, nobody but this machine is served."""
    said = ultra("serve", "--host", host, "--port", "0")
    assert said.code == 78
    assert "ULTRA_HOST" in said.err


def test_db(ultra, folder):
    """The database is looked at, copied, taken down and built again."""
    assert ultra("analyze", OPEN, *PANEL_OPTIONS, "--flow", "route").code == 0
    status = ultra("db", "status", "--json").json
    assert (status["environment"], status["counts"]["runs"]) == ("testing", 1)
    assert "runs" in ultra("db", "status").out
    assert ultra("db", "backup", "copy.backup").code == 0
    assert ultra("db", "backup", "copy.backup").code == 66
    assert ultra("db", "verify", "copy.backup", "--json").json["rows"]["runs"] == 1
    assert ultra("db", "upgrade").out == "Nothing to apply.\n"
    assert ultra("db", "downgrade", "--to", "nothing").code == 0
    assert ultra("db", "status", "--json").json["pending"]
    assert "r0001" in ultra("db", "upgrade").out
    assert ultra("db", "restore", "copy.backup").code == 0
    assert ultra("db", "restore", "copy.backup").code == 66
    assert ultra("db", "restore", "copy.backup", "--replace", "--json").json["rows"]["runs"] == 1
    assert ultra("db", "status", "--json").json["counts"]["runs"] == 1
    with (folder / "copy.backup").open("r+b") as file:
        file.truncate(200)
    spoilt = ultra("db", "verify", "copy.backup")
    assert spoilt.code == 66
    assert "damaged" in spoilt.err


def test_a_database_of_another_environment_is_refused(ultra, monkeypatch):
    """A file that belongs to `testing` is not opened by `development`."""
    assert ultra("ask", OPEN).code == 0
    monkeypatch.setenv("ENVIRONMENT", "development")
    said = ultra("ask", OPEN)
    assert said.code in (66, 69)
    assert "testing" in said.err
    assert said.out == ""

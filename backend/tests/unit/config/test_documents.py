"""What is generated from the declarations, and what is explained of them."""

from pathlib import Path

import pytest

from ultra.config import (
    ENVIRONMENTS,
    ConfigurationInvalid,
    declarations,
    explain,
    load,
    reference,
    schema,
    show,
    template,
)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_template_names_every_setting_and_sets_none(tmp_path: Path, environment) -> None:
    """As it is committed it changes nothing; with every line that has a default uncommented, neither."""
    text = template(environment)
    names = {each.name for each in declarations()} - {"ENVIRONMENT"}
    lines = [line for line in text.splitlines() if line.removeprefix("# ").partition("=")[0] in names]
    assert len(lines) == len(names)
    plain = load(environ={"ENVIRONMENT": environment}, folder=tmp_path).settings
    given = [line.removeprefix("# ") for line in lines if not line.endswith("=")]
    (tmp_path / f".env.{environment}").write_text("\n".join(given))
    told = load(environ={"ENVIRONMENT": environment}, folder=tmp_path).settings
    different = {"database_url"} if environment == "testing" else set()
    assert plain.model_dump(mode="json", exclude=different) == told.model_dump(mode="json", exclude=different)


def test_the_reference_has_a_row_for_every_setting() -> None:
    """Nobody has to read the source to find a setting."""
    text = reference()
    assert all(f"| `{each.name}` |" in text for each in declarations())


def test_the_schema_describes_every_setting_and_marks_secrets() -> None:
    """Programs find type, sentence, defaults and what is secret."""
    properties = schema()["properties"]
    assert set(properties) == {each.name for each in declarations()}
    assert properties["OPENAI_API_KEY"]["x-secret"] is True
    assert properties["OPENAI_API_KEY"]["writeOnly"] is True
    assert properties["ULTRA_PORT"]["maximum"] == 65535
    assert properties["ULTRA_LOG_FORMAT"]["x-defaults"]["production"] == "json"


def test_explain_says_the_value_its_source_and_what_it_overrode(tmp_path: Path) -> None:
    """A secret is masked on the way."""
    (tmp_path / ".env.development.local").write_text("OPENAI_API_KEY=CANARY-file\n")
    (tmp_path / ".env.development.local").chmod(0o600)
    loaded = load(environ={"OPENAI_API_KEY": "CANARY-process"}, folder=tmp_path)
    explained = explain(loaded, "OPENAI_API_KEY")
    assert explained.origin.in_force.kind == "process"
    assert explained.origin.in_force.value == "********"
    assert [each.place for each in explained.origin.overrode] == [".env.development.local, line 1"]
    assert "CANARY" not in repr(explained)


def test_explaining_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    """A slip of the finger is answered with the name that was meant."""
    with pytest.raises(ConfigurationInvalid, match="ULTRA_PORT"):
        explain(load(environ={}, folder=tmp_path), "ULTRA_PROT")


def test_show_lists_every_setting(tmp_path: Path) -> None:
    """The whole configuration at a glance."""
    assert [each.name for each in show(load(environ={}, folder=tmp_path))] == [each.name for each in declarations()]

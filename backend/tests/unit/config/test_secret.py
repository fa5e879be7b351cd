"""Secrets are read when used and read again when their source changes."""

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ultra.config import MaskedUrl, SecretRef, load
from ultra.config.secret import FileSource, FixedSource, MappingSource


def replace_file(path: Path, text: str) -> None:
    """Swap a file under its name, as mounted secrets are."""
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_text(text)
    fresh.chmod(0o600)
    fresh.replace(path)


def test_a_secret_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """Rotation needs no restart."""
    path = tmp_path / "key"
    replace_file(path, "first\n")
    ref = SecretRef("KEY", [FileSource(path)])
    assert ref.reveal() == "first"
    replace_file(path, "second\n")
    assert ref.reveal() == "second"


def test_a_line_in_the_local_file_is_read_again(tmp_path: Path) -> None:
    """A key added or changed in the env file is used from then on."""
    path = tmp_path / ".env.development.local"
    replace_file(path, "ULTRA_PORT=1\n")
    settings = load(environ={}, folder=tmp_path).settings
    assert not settings.openai_api_key.is_set
    replace_file(path, "ULTRA_PORT=1\nOPENAI_API_KEY=sk-new\n")
    assert settings.openai_api_key.reveal() == "sk-new"
    path.unlink()
    assert settings.openai_api_key.reveal() is None


def test_a_file_that_is_being_written_keeps_the_old_value(tmp_path: Path) -> None:
    """Half a file, or one with control characters, never becomes a key."""
    path = tmp_path / "key"
    replace_file(path, "good")
    source = FileSource(path)
    assert source.read() == "good"
    replace_file(path, "bad\nsecond line")
    assert source.read() == "good"
    replace_file(path, "\x00\x01")
    assert source.read() == "good"


def test_the_process_environment_is_live(tmp_path: Path) -> None:
    """A value changed in the mapping is seen, and the highest source wins at every reading."""
    environ: dict[str, str] = {}
    path = tmp_path / "key"
    replace_file(path, "from-file")
    ref = SecretRef("KEY", [MappingSource(environ, "KEY"), FileSource(path)])
    assert ref.reveal() == "from-file"
    environ["KEY"] = "from-process"
    assert ref.reveal() == "from-process"


def test_a_reference_shows_a_mask_everywhere() -> None:
    """repr, str, format and JSON never hold the value."""

    class Holder(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        key: SecretRef

    holder = Holder(key=SecretRef("KEY", [FixedSource("CANARY")]))
    forms = [
        repr(holder),
        str(holder),
        f"{holder.key}",
        holder.model_dump_json(),
        json.dumps(holder.model_dump(mode="json")),
    ]
    assert not [form for form in forms if "CANARY" in form]


def test_an_address_is_masked_where_its_password_stands() -> None:
    """The rest of the address can be read, the password cannot."""
    url = MaskedUrl("postgresql://me:p%40ss@db.example:5432/ultra")
    assert str(url) == "postgresql://me:********@db.example:5432/ultra"
    assert "p%40ss" not in repr(url)
    assert str(MaskedUrl("sqlite:////var/ultra.db")) == "sqlite:////var/ultra.db"


def test_no_spelling_of_an_address_shows_its_password() -> None:
    """Behind the question mark it is masked too, and an address that makes no sense is masked whole."""
    assert (
        str(MaskedUrl("postgresql://h/d?user=u&password=p4ss&x=1")) == "postgresql://h/d?user=u&password=********&x=1"
    )
    assert str(MaskedUrl("postgresql://me:p4ss@[h/d")) == "********"
    assert MaskedUrl("postgresql://h/d?password=p4ss").has_password
    assert not MaskedUrl("postgresql://h/d?user=u").has_password


def test_reading_costs_one_look_at_the_file(tmp_path: Path) -> None:
    """An unchanged file is not read again: what it holds may even be closed to us by then."""
    path = tmp_path / "key"
    replace_file(path, "value")
    source = FileSource(path)
    assert source.read() == "value"
    stat = path.stat()
    path.write_text("other")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert source.read() == "value"

"""What is written from the declarations: the env-file templates, the reference page, the schema; and explanations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

from ultra.config.declaration import ENVIRONMENTS, Declared, Environment
from ultra.config.load import Loaded, Origin, declarations
from ultra.config.problems import ConfigurationInvalid, unknown_name
from ultra.config.settings import Settings

_TYPES: Final = {
    "integer": "integer",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "array": "list",
}
_FORMATS: Final = {"path": "path", "uri": "address"}

_TEMPLATE_HEAD: Final = """\
# Settings of Ultra in {environment}. Generated from the declarations in backend/ultra/config.
#
# Every line is commented out and shows the default. To change one for everybody, remove the # here; to change it on
# this machine only, write it into .env.{environment}.local, which is not committed and has mode 0600. Secrets belong
# there and nowhere else. The process environment and the secrets directory win over both.
"""

_REFERENCE_HEAD: Final = """\
# Settings

Generated from the declarations; do not edit.

A setting's value comes from the first of these that names it:

1. an option of the command line,
2. the process environment,
3. the secrets directory (`ULTRA_SECRETS_DIR`): one file a setting, named as the setting or in lower case,
4. `.env.{environment}.local`: this machine's values and secrets, mode 0600, not committed,
5. `.env.{environment}`: the committed template, no secrets,
6. the environment's default.

`.env` holds `ENVIRONMENT` and nothing else. Values in files are taken as they are written: `$NAME` is not replaced.
An empty value means "not set" and wins over lower sources; a setting that needs a value refuses it. A name in an env
file must be a setting, or a variable that `ultra.toml` refers to as `env:NAME`; a name that begins with `ULTRA_` must
be a setting wherever it stands. `ultra config explain NAME` shows the value in force and where it comes from.
"""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about one setting: what it is, what it may be, what it is now and why."""

    declared: Declared
    allowed: str
    defaults: Mapping[Environment, str | None]
    origin: Origin


def show(loaded: Loaded) -> tuple[Origin, ...]:
    """Return the value in force of every setting, secrets masked, in the order of the reference page."""
    return tuple(loaded.origins[each.name] for each in declarations())


def explain(loaded: Loaded, name: str) -> Explanation:
    """Explain the setting called `name`; raises `ConfigurationInvalid` with the nearest name when there is none."""
    known = {each.name: each for each in declarations()}
    if name not in known:
        raise ConfigurationInvalid([unknown_name(name, "asked for", known)])
    declared = known[name]
    defaults = {environment: declared.setting.default_text(environment) for environment in ENVIRONMENTS}
    return Explanation(declared, _allowed(declared), defaults, loaded.origins[name])


def allowed(name: str) -> str | None:
    """Say in a few words what the setting called `name` may be; None when there is none."""
    return next((_allowed(each) for each in declarations() if each.name == name), None)


def schema() -> dict[str, Any]:
    """Return a JSON Schema of all settings by their names, with sentences and defaults for each environment."""
    properties = {}
    for each in declarations():
        setting = each.setting
        entry = dict(_properties()[each.field])
        entry.pop("title", None)
        entry["description"] = setting.sentence
        entry["x-defaults"] = {name: setting.default_text(name) for name in ENVIRONMENTS}
        entry["x-secret"] = setting.secret
        if setting.inert:
            entry["x-used-when"] = setting.inert
        properties[each.name] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Ultra",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def template(environment: Environment) -> str:
    """Return the committed env file of `environment`: every setting, commented out, with its default."""
    lines = [_TEMPLATE_HEAD.format(environment=environment)]
    for section, group in groupby(declarations(), key=lambda each: each.section):
        lines.append(f"# --- {section} ---\n")
        entries = (each for each in group if each.name != "ENVIRONMENT")
        lines.extend("\n".join(_template_entry(each, environment)) + "\n" for each in entries)
    return "\n".join(lines)


def _template_entry(each: Declared, environment: Environment) -> Iterator[str]:
    setting = each.setting
    yield f"# {setting.sentence}"
    notes = [f"not used before {setting.inert}"] if setting.inert else []
    if setting.secret:
        notes.append(f"a secret: in .env.{environment}.local only")
    default = setting.default_text(environment)
    if default is not None and default.startswith("("):
        notes.append(f"default: {default.strip('()')}")
        default = None
    if notes:
        yield f"# ({'; '.join(notes)})"
    yield f"# {each.name}={default or ''}"


def reference() -> str:
    """Return the reference page of all settings, in Markdown."""
    pages = [_REFERENCE_HEAD]
    for section, group in groupby(declarations(), key=lambda each: each.section):
        rows = ["| setting | what | allowed | development | testing | production |", "|---|---|---|---|---|---|"]
        rows += [_row(each) for each in group]
        pages.append(f"## {section}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(pages)


@cache
def _properties() -> dict[str, Any]:
    properties: dict[str, Any] = Settings.model_json_schema()["properties"]
    return properties


def _row(each: Declared) -> str:
    sentence = each.setting.sentence
    if each.setting.inert:
        sentence += f" Not used before {each.setting.inert}."
    texts = (each.setting.default_text(environment) for environment in ENVIRONMENTS)
    defaults = ("" if text is None else text.strip("()") if text.startswith("(") else f"`{text}`" for text in texts)
    cells = [f"`{each.name}`", sentence, _allowed(each), *defaults]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _allowed(each: Declared) -> str:
    """Say in a few words what may be written: kind, choices, bounds."""
    if each.setting.secret:
        return "secret"
    entry = _properties()[each.field]
    entry = next((part for part in entry.get("anyOf", ()) if part.get("type") != "null"), entry)
    if "enum" in entry:
        return ", ".join(f"`{choice}`" for choice in entry["enum"])
    kind = _FORMATS.get(entry.get("format", ""), _TYPES.get(entry.get("type", "string"), "text"))
    low = entry.get("minimum", entry.get("exclusiveMinimum"))
    bounds = [
        *([f"above {low}"] if "exclusiveMinimum" in entry else [f"from {low}"] if low is not None else []),
        *([f"to {entry['maximum']}"] if "maximum" in entry else []),
    ]
    return " ".join([kind, *bounds])


def written_files() -> dict[str, str]:
    """Return every generated file of the repository: its path from the root, and what it must hold."""
    files = {f".env.{environment}": template(environment) for environment in ENVIRONMENTS}
    return {**files, "docs/reference/settings.md": reference()}

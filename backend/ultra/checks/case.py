"""What is examined: settings, where they come from, and the machine they are to be used on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ultra.config import ENVIRONMENTS, Environment, Loaded, Settings, UltraToml, read_env_file
from ultra.providers import Row
from ultra.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One configuration, as far as it could be understood.

    `toml` is None where there is one that could not be read: what it would have said is unknown then. `wrong` are the
    settings whose own values are wrong, so that they have their defaults here. `environ` is the process's, for what is
    no setting.
    """

    loaded: Loaded
    toml: UltraToml | None
    presets: Mapping[str, Row]
    folder: Path
    wrong: frozenset[str]
    environ: Mapping[str, str] = field(repr=False)
    system: System

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings

    @property
    def is_production(self) -> bool:
        """Whether strangers, money and real secrets are at stake."""
        return self.settings.environment == "production"

    def elsewhere(self) -> Mapping[Environment, Mapping[str, str]]:
        """Return what this machine's files say for the other environments: values by name, empty without a file."""
        return {
            other: {name: line.raw for name, line in read_env_file(self.folder / f".env.{other}.local").lines.items()}
            for other in ENVIRONMENTS
            if other != self.settings.environment
        }

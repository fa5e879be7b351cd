"""Configuration: every setting once; the only reader of the environment, of env files and of `ultra.toml`."""

from ultra.config.addresses import is_loopback, is_metadata_service, is_of_origin, is_own_address, is_public
from ultra.config.declaration import ENVIRONMENTS, MASK, Declared, Environment
from ultra.config.documents import Explanation, allowed, explain, reference, schema, show, template, written_files
from ultra.config.envfile import EnvFile, Line, parse_env_text, read_env_file
from ultra.config.generation import guarding, make_secrets, missing_secrets
from ultra.config.judging import judge_value
from ultra.config.live_keys import live_keys
from ultra.config.load import Loaded, Origin, Reading, Shown, declarations, load, read
from ultra.config.problems import ConfigurationInvalid, Problem, Subject, nearest
from ultra.config.secret import MaskedUrl, SecretRef, mode_problem
from ultra.config.settings import Settings
from ultra.config.survey import Survey, Surveyed, is_secret, masked, survey
from ultra.config.toml_file import ModelTable, Preset, Presets, PriceTable, ProviderTable, UltraToml
from ultra.config.vendors import Vendor, vendors

__all__ = [
    "ENVIRONMENTS",
    "MASK",
    "ConfigurationInvalid",
    "Declared",
    "EnvFile",
    "Environment",
    "Explanation",
    "Line",
    "Loaded",
    "MaskedUrl",
    "ModelTable",
    "Origin",
    "Preset",
    "Presets",
    "PriceTable",
    "Problem",
    "ProviderTable",
    "Reading",
    "SecretRef",
    "Settings",
    "Shown",
    "Subject",
    "Survey",
    "Surveyed",
    "UltraToml",
    "Vendor",
    "allowed",
    "declarations",
    "explain",
    "guarding",
    "is_loopback",
    "is_metadata_service",
    "is_of_origin",
    "is_own_address",
    "is_public",
    "is_secret",
    "judge_value",
    "live_keys",
    "load",
    "make_secrets",
    "masked",
    "missing_secrets",
    "mode_problem",
    "nearest",
    "parse_env_text",
    "read",
    "read_env_file",
    "reference",
    "schema",
    "show",
    "survey",
    "template",
    "vendors",
    "written_files",
]

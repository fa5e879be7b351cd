"""Configuration: every setting once; the only reader of the environment, of env files and of `ultra.toml`."""

from ultra.config.addresses import is_loopback, is_own_address
from ultra.config.declaration import ENVIRONMENTS, MASK, Declared, Environment
from ultra.config.documents import Explanation, allowed, explain, reference, schema, show, template, written_files
from ultra.config.envfile import read_env_file
from ultra.config.generation import guarding, keep_secrets, make_secrets, missing_secrets
from ultra.config.load import Loaded, Origin, Reading, Shown, declarations, load, read
from ultra.config.problems import ConfigurationInvalid, Problem, Subject
from ultra.config.rotation import Rotation, rotate_signing_keys
from ultra.config.secret import MaskedUrl, SecretRef
from ultra.config.settings import Settings
from ultra.config.toml_file import ModelTable, Preset, Presets, PriceTable, ProviderTable, UltraToml
from ultra.config.vendors import Vendor, vendors

__all__ = [
    "ENVIRONMENTS",
    "MASK",
    "ConfigurationInvalid",
    "Declared",
    "Environment",
    "Explanation",
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
    "Rotation",
    "SecretRef",
    "Settings",
    "Shown",
    "Subject",
    "UltraToml",
    "Vendor",
    "allowed",
    "declarations",
    "explain",
    "guarding",
    "is_loopback",
    "is_own_address",
    "keep_secrets",
    "load",
    "make_secrets",
    "missing_secrets",
    "read",
    "read_env_file",
    "reference",
    "rotate_signing_keys",
    "schema",
    "show",
    "template",
    "vendors",
    "written_files",
]

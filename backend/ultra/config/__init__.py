"""Configuration: every setting once; the only reader of the environment, of env files and of `ultra.toml`."""

from ultra.config.addresses import is_loopback, is_own_address
from ultra.config.declaration import ENVIRONMENTS, MASK, Declared, Environment
from ultra.config.documents import Explanation, explain, reference, schema, show, template, written_files
from ultra.config.generation import keep_secrets, make_secrets, missing_secrets
from ultra.config.load import Loaded, Origin, Shown, declarations, load
from ultra.config.problems import ConfigurationInvalid, Problem
from ultra.config.rotation import Rotation, rotate_signing_keys
from ultra.config.rules import Vendor, vendors
from ultra.config.secret import MaskedUrl, SecretRef
from ultra.config.serving import advise
from ultra.config.settings import Settings
from ultra.config.toml_file import ModelTable, Preset, PriceTable, ProviderTable, UltraToml

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
    "PriceTable",
    "Problem",
    "ProviderTable",
    "Rotation",
    "SecretRef",
    "Settings",
    "Shown",
    "UltraToml",
    "Vendor",
    "advise",
    "declarations",
    "explain",
    "is_loopback",
    "is_own_address",
    "keep_secrets",
    "load",
    "make_secrets",
    "missing_secrets",
    "reference",
    "rotate_signing_keys",
    "schema",
    "show",
    "template",
    "vendors",
    "written_files",
]

"""The built house, and the only place where its parts meet."""

from ultra.services.bench import Bench
from ultra.services.building import Services, build, make_folders
from ultra.services.providers import mock_models, mock_pace, presets

__all__ = ["Bench", "Services", "build", "make_folders", "mock_models", "mock_pace", "presets"]

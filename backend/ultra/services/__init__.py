"""The built house, and the only place where its parts meet."""

from ultra.services.building import Bench, Services, build
from ultra.services.providers import mock_models, mock_pace, presets

__all__ = ["Bench", "Services", "build", "mock_models", "mock_pace", "presets"]

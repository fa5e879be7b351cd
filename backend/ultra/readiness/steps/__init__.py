"""The steps: one file, one class each, found by name."""

"""How the parts of a running server are: one file, one class, one question each, found by discovery."""

"""Checks of what a configuration leads to: the database, the counter and the providers, reached once each."""

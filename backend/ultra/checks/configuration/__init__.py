"""Checks of a configuration: what can be said before anything is started, from the files of this machine."""

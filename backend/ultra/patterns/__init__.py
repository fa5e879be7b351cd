"""Lenses: what models are asked to look for, one Markdown file each, and their loader."""

from ultra.patterns.lens import MarkdownLens
from ultra.patterns.lens_file import PatternInvalid, Problem
from ultra.patterns.loader import LoadedPatterns, load
from ultra.patterns.reference import reference

__all__ = ["LoadedPatterns", "MarkdownLens", "PatternInvalid", "Problem", "load", "reference"]

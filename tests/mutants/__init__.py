"""Mutants of the library: realistic bugs, each of which the tests must notice."""

"""The version of this package, in a module that loads nothing; pyproject.toml states the same."""

__version__ = "0.1.0"

"""One command for the whole CI of a Python project."""

__version__ = "0.1.0"

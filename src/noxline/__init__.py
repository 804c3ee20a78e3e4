"""One command for the whole CI of a Python project."""

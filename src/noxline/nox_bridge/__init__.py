"""The bridge to nox: listing sessions, building its command lines, reading its report."""

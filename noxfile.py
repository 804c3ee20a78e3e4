# /// script
# dependencies = ["nox", "noxline"]
# ///
"""noxline's own sessions: the standard ones, as in any project."""

from noxline.sessions.register import register

register()

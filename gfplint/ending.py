"""Whether the process ends when its one question is answered: then nothing needs to be let go of.

An analysis makes millions of objects, and to let go of them one by one takes a twentieth of a run.
"""

from __future__ import annotations

soon = False
"""Set by the command's entry point, and by nobody who answers more than one question."""

_kept: list[object] = []


def keep(thing: object) -> None:
    """Hold on to something until the process ends, if that is soon."""
    if soon:
        _kept.append(thing)

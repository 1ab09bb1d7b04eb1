"""Errors as the user sees them: one sentence after ``gfplint: `` and exit status 2.

A traceback is shown only with ``GFPLINT_DEBUG=1``.
"""

from __future__ import annotations

import os
from pathlib import Path


def fail(sentence: str, error: Exception) -> int:
    """Tell the user, with a traceback only for those who asked for it; 2."""
    from gfplint.output import write_stderr
    from gfplint.report.layout import printable

    if os.environ.get("GFPLINT_DEBUG"):
        import traceback

        write_stderr("".join(traceback.format_exception(error)))
    write_stderr(f"gfplint: {printable(sentence) or type(error).__name__}\n")
    return 2


def internal(error: Exception) -> str:
    """One sentence for an error that nobody foresaw: what, where in gfplint, and what to report."""
    place = "an unknown place"
    traceback = error.__traceback__
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if "gfplint" in path.parts:
            inside = path.parts[len(path.parts) - path.parts[::-1].index("gfplint") :]
            place = f"{'/'.join(inside)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    what = " ".join(str(error).split())[:200]
    return (
        f"Internal error in {place}: {type(error).__name__}{f': {what}' if what else ''}. "
        "This is a bug in gfplint: please report this line, the command and the kernel version "
        "(GFPLINT_DEBUG=1 shows a traceback to add)."
    )


def as_sentence(text: str) -> str:
    """The text on one line, with a full stop."""
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."

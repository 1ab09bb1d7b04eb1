"""The small parts that every section of a log is made of."""

from __future__ import annotations

import sarif_om as om


def text_of(text: str) -> om.MultiformatMessageString:
    """Plain text as SARIF has it."""
    return om.MultiformatMessageString(text=text)


def sentence(text: str) -> str:
    """The text with a full stop; its first letter stays as it is, since it is often a function's name."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def level(severity: str) -> str:
    """A severity as one of SARIF's levels."""
    return severity if severity in ("error", "warning", "note") else "warning"

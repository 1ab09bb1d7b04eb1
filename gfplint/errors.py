"""Errors whose message is written for the person who ran the command.

Every exception gfplint raises on purpose is a `GfplintError`. Its message is a full sentence: what was wrong,
where, and what to do about it where that is known. `gfplint.cli` prints the sentence after ``gfplint: `` and
exits with status 2; no traceback is shown. This module imports nothing of gfplint, so that every layer can
raise these.
"""

from __future__ import annotations


class GfplintError(Exception):
    """Something the user can act on.

    ``str(error)`` is one full sentence (or more), ready to be printed as it is.
    """


class SourceError(GfplintError):
    """A file or folder of C source can't be read, found, or placed inside the kernel tree."""


class ConfigError(GfplintError):
    """A kernel ``.config``, or something of gfplint's own installation, can't be used as it is."""


class ModelError(GfplintError):
    """A rule, context or API model under ``rules/`` is wrong.

    The message says in which file, on which line, and what.
    """


class UsageError(GfplintError):
    """The command line asks for something that makes no sense.

    An unknown rule, two options that exclude each other.
    """

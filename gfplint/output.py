"""Where a report goes: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from gfplint.errors import UsageError


def check_writable(path: Path) -> None:
    """Say at once, before minutes of work, that `path` can't become a file. `UsageError` names the reason."""
    try:
        there = path.exists()
        if path.is_dir():
            raise UsageError(f"The output file {path} is a folder.")
        if there and not path.is_file():
            return
        target = path.resolve()
        folder = target.parent
        if not folder.is_dir():
            raise UsageError(f"The output file {path} can't be written: there is no folder {folder}.")
        # What is replaced is an entry of the folder: the file's own permissions don't matter.
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(f"The output file {path} can't be written: no permission for {folder}.")
        if there and target.suffix in (".c", ".h"):
            raise UsageError(f"The output file {path} is C source, which a report must not replace.")
    except OSError as error:
        raise UsageError(f"The output file {path} can't be written: {error.strerror}.") from error
    except RuntimeError:  # what pathlib makes of ELOOP
        raise UsageError(f"The output file {path} can't be written: it links to itself.") from None


def write_file(path: Path, text: str) -> None:
    """Replace the file at `path` by one with this text, in one step: readers see the old one or the new one.

    A symbolic link stays, and what it points to is replaced. What isn't a regular file (``/dev/null``, a
    pipe) is written to directly. On any error the old file is untouched and a `UsageError` says why.
    """
    data = encode(text)
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            # Not resolved: /dev/stdout leads to a pipe, which has no path.
            with path.open("wb") as stream:
                stream.write(data)
            return
        _replace(path.resolve(), data)
    except OSError as error:
        raise UsageError(f"The output file {path} can't be written: {error.strerror}.") from error


def _replace(target: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), _mode(target))
            os.fsync(stream.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _mode(target: Path) -> int:
    """The permissions of the file that is there, or those that a new file gets."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_stdout(text: str) -> None:
    """Print the text as it is, and see that it arrived.

    A reader that went away (``gfplint … | head``) is no error: the rest is dropped. A full disk is one, a
    `UsageError`.
    """
    if sys.stdout is None:
        raise UsageError("The report can't be written: standard output is closed.")
    try:
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(text)
        else:
            sys.stdout.flush()
            buffer.write(encode(text))
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout.fileno())
    except OSError as error:
        # Python flushes once more at exit and would complain in its own words.
        _abandon(sys.stdout.fileno())
        raise UsageError(f"The report can't be written to standard output: {error.strerror}.") from error


def write_stderr(text: str) -> None:
    """Print to standard error, or nowhere if that is closed: there is nobody left to tell."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        sys.stderr.write(encode(text).decode("utf-8"))
        sys.stderr.flush()


def encode(text: str) -> bytes:
    """UTF-8; a byte of a file name that is none is spelled out as Python writes lone surrogates."""
    return text.encode("utf-8", "backslashreplace")


def _abandon(descriptor: int) -> None:
    """Let whatever is still buffered for `descriptor` go to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)

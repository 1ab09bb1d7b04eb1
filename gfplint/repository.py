"""The git repository around a folder: where it begins, and which revision of what it is.

One that can't be asked (no git, no repository, somebody else's) is as good as none: nothing here raises.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit, urlunsplit

_SECONDS = 5
_ELSEWHERE = frozenset(
    f"GIT_{name}"
    for name in ("DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "OBJECT_DIRECTORY", "NAMESPACE", "PREFIX")
)
_REVISION = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?!//|:)(?P<path>.+)\Z")


@dataclass(frozen=True, slots=True)
class Repository:
    """``top`` is the absolute path of its root, ``prefix`` the folder's path in it, ending in ``/`` (empty
    for the root itself). ``revision``, ``branch`` and ``remote`` are empty where there is none.
    """

    top: str
    prefix: str
    revision: str
    branch: str
    remote: str


@cache
def find(folder: str) -> Repository | None:
    """The repository that ``folder``, an absolute path, is a part of; None where it is in none or ignored."""
    lines = _git(folder, "rev-parse", "--show-toplevel", "--show-prefix").splitlines()
    if not lines or not os.path.isabs(lines[0]):
        return None
    top, prefix = lines[0], (lines[1] if len(lines) > 1 else "")
    if prefix and _git(folder, "check-ignore", "."):
        return None
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    return Repository(
        top,
        prefix,
        head if _REVISION.match(head) else "",
        _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD").strip(),
        public_address(_git(folder, "config", "--get", "remote.origin.url").strip()),
    )


def public_address(remote: str) -> str:
    """A remote's address as a URI without names and passwords; "" for one that isn't on another machine.

    ``git@host:path`` becomes ``ssh://host/path``.
    """
    scp = _SCP.match(remote)
    if scp is not None:
        return f"ssh://{scp['host']}/{scp['path'].lstrip('/')}"
    try:
        parts = urlsplit(remote)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", "ssh", "git") or not host:
        return ""
    return urlunsplit((parts.scheme, f"{host}:{port}" if port else host, parts.path, "", ""))


def _git(folder: str, *arguments: str) -> str:
    """What git prints; "" where it fails. A hook's environment names a repository, which may be another."""
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={**environment, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""

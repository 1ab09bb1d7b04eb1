"""Places as a log names them: relative to ``%SRCROOT%``.

That is the root of the git repository where the analysed tree is a part of one, as code scanning expects
it, else the tree's own root.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote

import sarif_om as om

from gfplint import repository
from gfplint.findings import Place

ROOT, KERNEL = "%SRCROOT%", "%KERNEL%"
_FEW = 3
_AROUND = 2


class Base:
    """What ``%SRCROOT%`` stands for in one log, given the tree's root and the paths that were checked.

    Where those lie outside the tree, ``%SRCROOT%`` is their repository, and the tree's files are relative to
    ``%KERNEL%``. What lies in neither has its absolute address.
    """

    def __init__(self, root: str | None, paths: Sequence[str] = ()) -> None:
        self._root = root
        outside = [path for path in paths if os.path.isabs(path)]
        home = root
        if outside:
            home = os.path.commonpath(outside)
            home = home if os.path.isdir(home) else os.path.dirname(home)
        self._repository = repository.find(home) if home is not None and os.path.isdir(home) else None
        self._top = home
        if home is not None and self._repository is not None:
            # As it was named, where that is possible: git sees through symbolic links.
            inner = f"/{self._repository.prefix}".rstrip("/")
            self._top = home.removesuffix(inner) if home.endswith(inner) else self._repository.top

    def artifact(self, path: str) -> om.ArtifactLocation:
        """A file as reports name it: relative to the tree's root, or absolute."""
        if self._root is None:
            return om.ArtifactLocation(uri=_quoted(path), uri_base_id=None if os.path.isabs(path) else ROOT)
        target = os.path.normpath(os.path.join(self._root, path))
        for folder, name in ((self._top, ROOT), (self._root, KERNEL)):
            if folder is not None and target.startswith(folder.rstrip("/") + "/"):
                return om.ArtifactLocation(
                    uri=_quoted(target[len(folder.rstrip("/")) + 1 :]), uri_base_id=name
                )
        return om.ArtifactLocation(uri=f"file://{_quoted(target)}")

    def definitions(self) -> dict[str, om.ArtifactLocation] | None:
        """For ``originalUriBaseIds``."""
        if self._root is None or self._top is None:
            return None
        what = "The root of the git repository." if self._repository else "The root of what was checked."
        found = {ROOT: _folder(self._top, what)}
        if not f"{self._root}/".startswith(self._top.rstrip("/") + "/"):
            found[KERNEL] = _folder(self._root, "The root of the kernel tree.")
        return found

    def provenance(self) -> list[om.VersionControlDetails] | None:
        """For ``versionControlProvenance``: the repository's public address, or its own without one."""
        found = self._repository
        if found is None or self._top is None:
            return None
        return [
            om.VersionControlDetails(
                repository_uri=found.remote or _folder(self._top).uri,
                revision_id=found.revision or None,
                branch=found.branch or None,
                mapped_to=om.ArtifactLocation(uri_base_id=ROOT),
            )
        ]

    def automation(self, paths: Sequence[str]) -> om.RunAutomationDetails:
        """``gfplint/PATHS/``: the part before the last slash is what code scanning calls the category, the
        same for every run on the same paths.
        """
        names = {self.artifact(path).uri.strip("/") for path in paths if path}
        if any(not path for path in paths) or len(names) > _FEW:  # all, or a hook's files
            names = set()
        return om.RunAutomationDetails(
            id="/".join(["gfplint", *(["+".join(sorted(names))] if names else []), ""])
        )

    def location(
        self,
        place: Place | None,
        function: str = "",
        text: str = "",
        *,
        number: int = -1,
        lines: Sequence[str] = (),
    ) -> om.Location:
        """A place with what is to be said about it; ``lines`` of the file, where readers are to see some."""
        return om.Location(
            id=number,
            message=om.Message(text=text) if text else None,
            physical_location=self._physical(place, lines) if place else None,
            logical_locations=[om.LogicalLocation(name=function, kind="function")] if function else None,
        )

    def _physical(self, place: Place, lines: Sequence[str]) -> om.PhysicalLocation:
        region = om.Region(
            start_line=place.line,
            start_column=place.column or None,
            end_column=place.end_column or None,
        )
        context = None
        if lines and 1 <= place.line <= len(lines):
            line = lines[place.line - 1]
            end = place.end_column - 1 if place.end_column else len(line)
            region.snippet = om.ArtifactContent(text=line[max(place.column - 1, 0) : end])
            first, last = max(1, place.line - _AROUND), min(len(lines), place.line + _AROUND)
            if last > first:
                shown = "".join(f"{line}\n" for line in lines[first - 1 : last])
                context = om.Region(start_line=first, end_line=last, snippet=om.ArtifactContent(text=shown))
        return om.PhysicalLocation(
            artifact_location=self.artifact(place.path),
            region=region if place.line else None,
            context_region=context,
        )


def _folder(path: str, description: str = "") -> om.ArtifactLocation:
    return om.ArtifactLocation(
        uri=f"file://{_quoted(path).rstrip('/')}/",
        description=om.Message(text=description) if description else None,
    )


def _quoted(path: str) -> str:
    return quote(os.fsencode(path))

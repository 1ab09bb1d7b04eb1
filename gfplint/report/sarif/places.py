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

ROOT = "%SRCROOT%"
_FEW = 3
_AROUND = 2


class Base:
    """What ``%SRCROOT%`` stands for in one log."""

    def __init__(self, root: str | None) -> None:
        self.root = root
        self.repository = repository.find(root) if root is not None and os.path.isdir(root) else None
        self._prefix = self.repository.prefix if self.repository else ""

    def uri(self, path: str) -> str:
        """A path in the tree as a relative URI."""
        return quote(os.fsencode(self._prefix + path))

    def definition(self) -> dict[str, om.ArtifactLocation] | None:
        """For ``originalUriBaseIds``."""
        if self.root is None:
            return None
        if self.repository:
            return {ROOT: _folder(self.repository.top, "The root of the git repository.")}
        return {ROOT: _folder(self.root, "The root of the kernel tree.")}

    def provenance(self) -> list[om.VersionControlDetails] | None:
        """For ``versionControlProvenance``: the repository's public address, or its own without one."""
        found = self.repository
        if found is None:
            return None
        return [
            om.VersionControlDetails(
                repository_uri=found.remote or _folder(found.top).uri,
                revision_id=found.revision or None,
                branch=found.branch or None,
                mapped_to=om.ArtifactLocation(uri_base_id=ROOT),
            )
        ]

    def automation(self, paths: Sequence[str]) -> om.RunAutomationDetails:
        """``gfplint/PATHS/``: the part before the last slash is what code scanning calls the category, the
        same for every run on the same paths.
        """
        uris = sorted({self.uri(path).strip("/") for path in paths} - {""})
        if len(uris) > _FEW:  # a hook's files, different each time
            uris = []
        return om.RunAutomationDetails(id="/".join(["gfplint", *(["+".join(uris)] if uris else []), ""]))

    def artifact(self, path: str) -> om.ArtifactLocation:
        """A file of the tree."""
        return om.ArtifactLocation(uri=self.uri(path), uri_base_id=ROOT)

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
            shown = "\n".join(lines[first - 1 : last]) + "\n"
            context = om.Region(
                start_line=first, end_line=last, snippet=om.ArtifactContent(text=shown) if shown else None
            )
        return om.PhysicalLocation(
            artifact_location=self.artifact(place.path),
            region=region if place.line else None,
            context_region=context,
        )


def _folder(path: str, description: str = "") -> om.ArtifactLocation:
    uri = quote(os.fsencode(path)).rstrip("/")
    return om.ArtifactLocation(
        uri=f"file://{uri}/", description=om.Message(text=description) if description else None
    )

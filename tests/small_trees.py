"""Mini-trees for unit tests of program/: a few files, split and indexed like a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from gfplint import ir
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.pointers import Pointers
from gfplint.program.program import FunctionRef, Program
from gfplint.program.types import Types
from gfplint.resources import rules_directory


@cache
def _models() -> Models:
    return Models.load((rules_directory(),))


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Files by path below ``root``, which is handed back."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


class SmallTree:
    """Files by path, as a kernel tree of version 6.12, with the questions that tests ask."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        (root / "include" / "linux").mkdir(parents=True)
        (root / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\n")
        write(root, files)
        self.program = Program(KernelTree.discover(root), _models())
        self.types = Types(self.program)
        self.pointers = Pointers(self.program, self.types)

    def ref(self, name: str, path: str) -> FunctionRef:
        """A function of a file, which must be there."""
        found = self.program.resolve(name, path)
        assert found is not None
        return found

    def function(self, name: str, path: str) -> ir.Function:
        fn = self.program.function(self.ref(name, path))
        assert fn is not None
        return fn

    def calls(self, name: str, path: str) -> list[ir.Call]:
        """The calls of a function in source order."""
        blocks = self.function(name, path).blocks
        found = [each for block in blocks for each in block.instructions if isinstance(each, ir.Call)]
        return sorted(found, key=lambda call: call.at)

    def notes(self, kind: str) -> list[str]:
        return sorted(note.text for note in self.program.notes if note.kind == kind)

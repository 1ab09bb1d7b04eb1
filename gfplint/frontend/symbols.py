"""What lowering asks about names that its file does not explain. The program answers; tests use a dict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gfplint.frontend.dialect import Shapes
    from gfplint.frontend.guards import GuardDefinition
    from gfplint.frontend.macros import MacroDefinition

    class _Shapes(Shapes, Protocol):
        pass
else:

    class _Shapes(Protocol):
        pass


class Symbols(_Shapes, Protocol):
    """Names as one file sees them. ``path`` is the file being lowered, relative to the tree's root."""

    def macro(self, name: str, path: str) -> MacroDefinition | None:
        """The definition to expand; None where ``name`` is no macro or must stay as it is."""

    def modelled(self, name: str) -> bool:
        """Whether an API model describes ``name``: its uses stay calls even where it is a macro."""

    def function(self, name: str, path: str) -> bool:
        """Whether there is a function of that name."""

    def guard(self, name: str, path: str) -> GuardDefinition | None:
        """The class behind ``guard(name)``, ``scoped_guard(name, …)`` and ``CLASS(name, …)``."""

    def free(self, name: str, path: str) -> bytes | str | None:
        """What ``__free(name)`` does at the end of the scope, with the variable as ``_T``."""

    def config(self, name: str) -> bool | None:
        """Whether ``CONFIG_…`` is on; None where nobody knows."""

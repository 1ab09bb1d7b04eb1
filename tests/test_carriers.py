"""Objects that carry a scope: what the finding says, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint import api
from gfplint.findings import Confidence, Finding

DRIVERS = Path(__file__).resolve().parent.parent / "testdata/kernel/drivers"
USE = "\thandle->changes++;\n"
END = "\tmutex_unlock(&cache->lock);\n\treturn entry ? 0 : -ENOMEM;\n"
MADE = "kzalloc(sizeof(*handle), GFP_KERNEL)"


def findings(path: Path, kernel: Path | None = None) -> list[Finding]:
    """All findings of GFP003 in a file or folder."""
    select = frozenset({"GFP003"})
    options = api.CheckOptions(
        paths=(path,), jobs=1, kernel=kernel, select=select, min_confidence=Confidence.LOW
    )
    return list(api.check(options).findings)


def test_the_finding_is_low_and_says_why() -> None:
    (finding,) = findings(DRIVERS / "scope_in_handle")
    assert finding.confidence is Confidence.LOW
    assert finding.facts[-1] == (
        "scope_in_handle_add() is passed a struct scope_in_handle_handle, which scope_in_handle_begin() makes"
        " inside memalloc_nofs_save() and which keeps the cookie: in that scope the callback doesn't wait."
    )


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        (USE, "\tif (!handle)\n\t\treturn -EINVAL;\n", Confidence.LOW),
        (USE, "", Confidence.HIGH),
        (USE, USE + "\thandle = scope_in_other_next(handle);\n", Confidence.HIGH),
        (MADE, "scope_in_other_spare()", Confidence.HIGH),
    ],
    ids=["tested", "not followed", "another", "not made"],
)
def test_whether_there_surely_is_an_object(tmp_path: Path, old: str, new: str, level: Confidence) -> None:
    text = (DRIVERS / "scope_in_handle/scope_in_handle.c").read_text("utf-8")
    text = text.replace("scope_in_handle", "scope_in_other")
    assert text.count(old) == 1
    (tmp_path / "case.c").write_text(text.replace(old, new), "utf-8")
    (finding,) = findings(tmp_path, DRIVERS.parent)
    assert finding.confidence is level


def test_followed_behind_the_allocation(tmp_path: Path) -> None:
    """What is followed on every way on from the allocation was there before it."""
    text = (DRIVERS / "scope_in_handle/scope_in_handle.c").read_text("utf-8").replace(USE, "")
    assert text.count(END) == 1
    (tmp_path / "case.c").write_text(text.replace(END, USE + END), "utf-8")
    (finding,) = findings(tmp_path, DRIVERS.parent)
    assert finding.confidence is Confidence.LOW

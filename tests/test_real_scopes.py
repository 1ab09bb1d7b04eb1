"""GFP006 on real trees: what it says of every file that mentions a scope, and of bugs planted in some.

A planted file lies outside of the tree, which is only read; it is checked against the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from gfplint import api
from gfplint.findings import Confidence, Finding
from tests.unpacked_trees import unpacked_trees

pytestmark = pytest.mark.slow

SCOPES = re.compile(rb"\bmemalloc_\w+_(?:save|restore)\b|\bPF_MEMALLOC")
BTRFS = ("fs/btrfs/sysfs.c", "btrfs_sysfs_add_block_group_type")
"""Returns without its restore where another thread was first, in both versions: a real bug."""


@dataclass(frozen=True)
class Planted:
    """An edit: in ``function`` of ``path`` the text that ``pattern`` matches becomes ``new``. ``at`` is the
    call that the finding must stand at.
    """

    path: str
    function: str
    pattern: str
    new: str
    at: str

    def __str__(self) -> str:
        return f"{self.function}-{self.at}"


NOFS, NOIO = "memalloc_nofs_save", "memalloc_noio_save"
PLANTED = (
    Planted("mm/readahead.c", "page_cache_ra_unbounded", r"memalloc_nofs_restore\(nofs\);", "", NOFS),
    Planted(
        "fs/xfs/xfs_dquot.c",
        "xfs_qm_dqget_cache_insert",
        r"memalloc_nofs_restore\(nofs_flags\);",
        "",
        NOFS,
    ),
    Planted("fs/xfs/xfs_file.c", "xfs_dio_write_end_io", r"goto out;", "return error;", NOFS),
    Planted(
        "fs/quota/dquot.c",
        "dquot_acquire",
        r"goto out_iolock;",
        "{ mutex_unlock(&dquot->dq_lock); return ret; }",
        NOFS,
    ),
    Planted("drivers/md/md-bitmap.c", "location_store", r"rv = -EBUSY;\s*goto out;", "return -EBUSY;", NOIO),
)


def check(paths: list[Path], tree: Path) -> list[Finding]:
    options = api.CheckOptions(
        paths=tuple(paths),
        kernel=tree,
        kconfig=None,
        arch="x86",
        jobs=1,
        select=frozenset({"GFP006"}),
        ignore=frozenset(),
        min_confidence=Confidence.MEDIUM,
    )
    return api.check(options).findings


@pytest.fixture(scope="module", params=["linux-source-6.1", "linux-source-6.12"])
def tree(request: pytest.FixtureRequest) -> Path:
    found = {each.name: each for each in unpacked_trees()}
    if request.param not in found:
        pytest.skip(f"no tree {request.param}; GFPLINT_TREES names the folder that has it")
    return found[request.param]


def test_all_files_that_mention_a_scope(tree: Path) -> None:
    paths = [path for path in sorted(tree.rglob("*.c")) if SCOPES.search(path.read_bytes())]
    assert len(paths) > 80
    found = check(paths, tree)
    assert [(each.place.path, each.function) for each in found] == [BTRFS]
    assert found[0].confidence is Confidence.HIGH


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_planted(tree: Path, planted: Planted, tmp_path: Path) -> None:
    text = (tree / planted.path).read_text(encoding="utf-8")
    head = re.search(rf"^[\w \t\n*]*?\b(?:{planted.function})\([^;{{}}]*\)\s*\{{", text, re.M)
    if head is None or planted.at not in text[head.end() : text.index("\n}\n", head.end())]:
        pytest.skip("this version has no such code")
    end = text.index("\n}\n", head.end())
    body, count = re.subn(planted.pattern, planted.new, text[head.end() : end], count=1)
    assert count == 1
    copy = tmp_path / Path(planted.path).name
    copy.write_text(text[: head.end()] + body + text[end:], encoding="utf-8")
    found = check([copy], tree)
    assert found
    for each in found:
        assert each.function == planted.function
        line = copy.read_text(encoding="utf-8").splitlines()[each.place.line - 1]
        assert line[each.place.column - 1 :].startswith(planted.at)

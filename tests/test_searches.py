"""Which files mention a word: searches that are made along with others, and with the scan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gfplint.kernel import mentions
from gfplint.kernel.search import checked_mentions
from gfplint.kernel.tree import KernelTree
from tests.small_trees import write

FILES = {
    "Makefile": "",
    "include/linux/a.h": "int f(void);\nextern struct mutex lock;\n",
    "mm/f.c": "int f(void)\n{\n\tg();\n}\n",
    "drivers/x/y.c": "struct ops o = { .probe = g };\n/* the lock */\n",
    "tools/g.c": "int g;\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words of each search that is made."""
    made: list[list[str]] = []

    def search(root: str, paths: Sequence[str], words: Sequence[str], *rest: object) -> object:
        made.append(list(words))
        return checked_mentions(root, paths, words, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(mentions, "checked_mentions", search)
    return made


@pytest.mark.parametrize("jobs", [1, 2])
def test_words_that_are_expected_cost_no_search(root: Path, searches: list[list[str]], jobs: int) -> None:
    asked = ["f", "g", "none"]
    plain = KernelTree(root).index
    found, below = plain.mentions(asked), plain.mentions(asked, "mm")
    headers = plain.mentions(["f"], headers=True)
    assert found["f"] == ("include/linux/a.h", "mm/f.c")
    assert below["f"] == ("mm/f.c",)
    assert headers["f"] == ("include/linux/a.h",)

    searches.clear()
    index = KernelTree(root, jobs=jobs).index
    index.expect(asked)
    assert index.mentions(asked) == found
    assert index.mentions(asked, "mm") == below
    assert index.mentions(["f"], headers=True) == headers
    assert searches == [], "the scan has looked for them"
    # The root of this tree is no kernel's, so its index has tools/.
    index.mentions(["f", "mutex"], "mm")
    assert searches == [["mutex"]], "what is known of all files is known of those below a folder"


def test_the_next_search_of_all_files_is_for_what_is_expected(root: Path, searches: list[list[str]]) -> None:
    index = KernelTree(root).index
    index.build()
    index.expect(["lock", "probe"])
    assert index.mentions(["mutex"], "mm") == {"mutex": ()}
    assert index.mentions(["mutex"]) == {"mutex": ("include/linux/a.h",)}
    assert searches == [["mutex"], ["mutex", "lock", "probe"]]
    assert index.mentions(["probe", "lock"]) == {
        "probe": ("drivers/x/y.c",),
        "lock": ("drivers/x/y.c", "include/linux/a.h"),
    }
    assert len(searches) == 2


def test_who_expects_rests_on_nothing(root: Path) -> None:
    index = KernelTree(root).index
    index._trace.on = True
    outer = index._trace.enter()
    index.expect(["g"])
    index.build()
    assert index._trace.leave(outer) == 0
    outer = index._trace.enter()
    index.mentions(["g"])
    assert index._trace.leaves(index._trace.leave(outer)) == [("word", "g", "")]

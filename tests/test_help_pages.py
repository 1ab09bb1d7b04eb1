"""Help as people read it: Markdown laid out in 80 columns, and the pages of the bundled rules."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint import cli
from gfplint.command import rules as naming
from gfplint.report import markdown, sarif
from gfplint.report.help import explain, list_rules
from tests.reports import report
from tests.test_sarif import run_of

PAGE = """\
Some text that is longer than the forty columns which it gets
in `this->test`, with **strong** and *soft* words, a `*pointer` and 2 * 3 * 4.

* an item that is longer than the forty columns
  and goes on
    1. an inner one

## Example with two

| left | right |
| --- | --- |
| `a \\| b` | a cell that has to be wrapped in its column |
| last | |

```c
int x;    /* code is never wrapped, not even where it is wide */

	/* nor does an empty line end it */
```
## Taking `x->lock`
"""

LAID_OUT = """\
Some text that is longer than the forty
columns which it gets in `this->test`,
with strong and soft words, a `*pointer`
and 2 * 3 * 4.

* an item that is longer than the forty
  columns and goes on
    1. an inner one

EXAMPLE WITH TWO

left    | right
--------+-------------------------------
`a | b` | a cell that has to be wrapped
        | in its column
last    |

int x;    /* code is never wrapped, not even where it is wide */

	/* nor does an empty line end it */
Taking `x->lock`
"""


def test_markdown_in_forty_columns() -> None:
    assert markdown.layout(PAGE, width=40) == LAID_OUT


def test_headings_are_bold_with_colour() -> None:
    assert markdown.layout("# Story\n", colour=True) == "\x1b[1mStory\x1b[0m\n"


@given(st.text(alphabet="a b`*|-#\n1.", max_size=120), st.integers(20, 80))
def test_no_markdown_is_an_error_or_loses_letters(text: str, width: int) -> None:
    laid_out = markdown.layout(text, width=width)
    for letter in "ab":
        assert laid_out.lower().count(letter) == text.lower().count(letter)


def test_every_bundled_rule_has_a_page_of_80_columns() -> None:
    rules = naming.load(())
    assert [rule.id for rule in rules][:2] == ["GFP001", "GFP002"]
    for rule in rules:
        page = explain(rule)
        assert page.startswith(f"{rule.id} {rule.name} (")
        prose = [line for line in page.splitlines() if not line.startswith(("\t", " ", "static"))]
        assert [line for line in prose if len(line) > 80] == []
        assert len(page) > 1000, "a page tells the story, how to judge it and how to fix it"
    assert list_rules(rules).count("\n") >= 2 * len(rules)


def test_bundled_rules_make_valid_sarif() -> None:
    assert run_of(report(), naming.load(()))["tool"]["driver"]["rules"]
    assert json.loads(sarif.render(report(), naming.load(())))["runs"]


def test_explain_prints_a_page(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--explain", "gfp001"]) == 0
    assert "TO READ" in capfd.readouterr().out

"""Comments that allow findings: what they cover, what is wrong with them, and what a report makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gfplint import api
from gfplint.analysis import suppressions
from gfplint.findings import Confidence, Report
from gfplint.frontend.comments import Directive, directives
from gfplint.frontend.source import split
from gfplint.kernel.kconfig import Config
from gfplint.report import sarif, text
from tests.rule_texts import RULES

TESTDATA = Path(__file__).parent.parent / "testdata" / "kernel"
HEAD = "static int f(struct x *x)\n{\n"


def read(code: str) -> list[Directive]:
    return directives(split("a.c", code.encode(), Config(None, "x86", (6, 12, 0))))


def covered(code: str) -> tuple[int, int]:
    """The lines that the one comment of the code covers."""
    (directive,) = read(code)
    assert (directive.verb, directive.rules, directive.reason) == ("allow", ("GFP001",), "why")
    return directive.first, directive.last


@pytest.mark.parametrize(
    ("comment", "rules", "reason"),
    [
        ("/* gfplint: allow GFP001: why */", ("GFP001",), "why"),
        ("// gfplint: allow GFP001: why", ("GFP001",), "why"),
        ("/*gfplint:allow GFP001,GFP002 :why: not*/", ("GFP001", "GFP002"), "why: not"),
        (
            "/*\n * Text.\n * gfplint: allow some-rule: one\n *   two\n *\n * three\n */",
            ("some-rule",),
            "one two",
        ),
        ("// gfplint: allow GFP001: one\n// two", ("GFP001",), "one two"),
        ("/** gfplint: allow GFP001: why **/", ("GFP001",), "why"),
        ("/* gfplint: allow GFP001 */", ("GFP001",), ""),
        ("/* gfplint: allow: why */", (), "why"),
        ("/* gfplint: allow GFP001: w\xe4rum */", ("GFP001",), "w\xe4rum"),
    ],
)
def test_what_a_comment_says(comment: str, rules: tuple[str, ...], reason: str) -> None:
    (found,) = read(f"int x;\n{comment}\nint y;\n")
    assert (found.verb, found.rules, found.reason) == ("allow", rules, reason)


@pytest.mark.parametrize(
    "code",
    [
        'char *s = "/* gfplint: allow GFP001: why */";\n',
        "/* see gfplint: allow GFP001: why */\nint x;\n",
        "int gfplint; // gfp\n",
        'char c = \'"\'; /* " */ char *s = "// gfplint: allow GFP001: why";\n',
    ],
)
def test_what_is_no_comment_for_gfplint(code: str) -> None:
    assert read(code) == []


def test_two_comments_in_one_block() -> None:
    first, second = read("/* gfplint: allow A: x\n * gfplint: allow B: y */\nint z;\n")
    assert (first.rules, first.line, first.reason) == (("A",), 1, "x")
    assert (second.rules, second.line, second.column, second.reason) == (("B",), 2, 4, "y")


ALLOW = "/* gfplint: allow GFP001: why */"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (f"{HEAD}\ta();\n\tb(); {ALLOW}\n\tc();\n}}\n", (4, 4)),
        (f"{HEAD}\ta();\n\tb(1,\n\t  2); {ALLOW}\n\tc();\n}}\n", (4, 5)),
        (f"{HEAD}\ta();\n\t{ALLOW} b();\n\tc();\n}}\n", (4, 4)),
        (f"{HEAD}\ta();\n\t{ALLOW}\n\tb();\n\tc();\n}}\n", (5, 5)),
        (f"{HEAD}\ta();\n\t{ALLOW}\n\tif (b &&\n\t    c()) {{\n\t}}\n}}\n", (5, 6)),
        (f"{HEAD}\t{ALLOW}\n\t/* more */\n\tb();\n}}\n", (5, 5)),
        (f"{HEAD}\t{ALLOW}\n\n\tb();\n}}\n", (1, 0)),
        (f"{ALLOW}\n{HEAD}\ta();\n}}\nint x;\n", (2, 5)),
        (f"int x;\n/*\n * Doc.\n * gfplint: allow GFP001: why\n */\n{HEAD}\ta();\n}}\n", (6, 9)),
        (f"static int\nf(void) {ALLOW}\n{{\n\ta();\n}}\n", (1, 5)),
        (f"static int f(void)\n{{ {ALLOW}\n\ta();\n}}\n", (1, 4)),
        (f"int x;\n{ALLOW}\n\n{HEAD}\ta();\n}}\n", (1, 0)),
        (f"{HEAD}\ta();\n}}\n{ALLOW}\n", (1, 0)),
        (f"SYSCALL_DEFINE1(x, int, y)\n{{ {ALLOW}\n\ta();\n}}\n", (1, 4)),
        (f"{HEAD}\tx = ';'; y(); {ALLOW}\n}}\n", (3, 3)),
    ],
)
def test_what_a_comment_covers(code: str, lines: tuple[int, int]) -> None:
    assert covered(code) == lines


@pytest.mark.parametrize("code", [ALLOW, f"\n{ALLOW}", f"x {ALLOW}", f"}} {ALLOW} {{", f"#if 0\n{ALLOW}\n"])
def test_scraps_raise_nothing(code: str) -> None:
    assert covered(code)


# --------------------------------------------------------------------------------- whole runs


def checked(folder: str, confidence: Confidence = Confidence.MEDIUM) -> Report:
    path = TESTDATA / "drivers" / folder
    return api.check(api.CheckOptions(paths=(path,), min_confidence=confidence))


def test_every_place_of_a_finding_may_have_the_comment() -> None:
    report = checked("allowed")
    assert report.active == []
    assert [f.function for f in report.findings] == [
        "on_the_line",
        "behind_a_long_statement",
        "on_the_line_before",
        "at_the_acquisition",
        "whole_function",
        "on_the_definition",
    ]
    reasons = {f.suppression.reason for f in report.findings if f.suppression}
    assert reasons == {"runs before the notifier is registered"}
    shown = text.render(report)
    assert "No findings (6 suppressed) in 1 file" in shown
    assert "allowed.c:50: warning: No finding of this run needs this comment to allow GFP002." in shown


def test_what_is_wrong_with_comments_is_said() -> None:
    report = checked("allowed_in_one")
    said = [(note.kind, note.line) for note in report.notes if "suppression" in note.kind]
    assert sorted(said) == [("suppression", 56), ("unused-suppression", 44), ("unused-suppression", 48)]
    assert len(report.active) == 5


def test_a_comment_allows_one_of_two_functions_on_the_way_to_an_allocation() -> None:
    report = checked("allowed_in_one")
    held = {f.function: f.active for f in report.findings if f.function in ("early", "late")}
    assert held == {"early": False, "late": True}


def test_nothing_is_unused_where_little_was_looked_for() -> None:
    assert not [n for n in checked("allowed_in_one", Confidence.HIGH).notes if n.kind == "unused-suppression"]


def test_unknown_rules_and_words(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("/* gfplint: allow GFP1, gfp002: x */\nint a;\n/* gfplint: ignore */\nint b;\n")
    notes = api.check(api.CheckOptions(paths=(path,))).notes
    said = {(note.line, note.text) for note in notes if "suppression" in note.kind}
    assert said == {
        (1, "There is no rule GFP1 to allow. Did you mean GFP001?"),
        (1, "No finding of this run needs this comment to allow GFP002."),
        (3, "'gfplint: ignore' means nothing. Write 'gfplint: allow RULE: reason'."),
    }


def test_only_rules_that_ran_are_unused(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("/* gfplint: allow GFP001, GFP002: x */\nint a;\n")
    report = api.check(api.CheckOptions(paths=(path,), select=frozenset({"GFP001"})))
    (note,) = [note for note in report.notes if note.kind == "unused-suppression"]
    assert "GFP001" in note.text
    assert "GFP002" not in note.text


def test_sarif_says_in_source_and_why() -> None:
    run = json.loads(sarif.render(checked("allowed"), RULES))["runs"][0]
    first = run["results"][0]
    (suppression,) = first["suppressions"]
    assert suppression["kind"] == "inSource"
    assert suppression["justification"] == "runs before the notifier is registered"
    region = suppression["location"]["physicalLocation"]["region"]
    assert region == {"startLine": 21, "startColumn": 42}
    levels = {
        note["descriptor"]["id"]: note["level"]
        for note in run["invocations"][0]["toolConfigurationNotifications"]
    }
    assert levels["unused-suppression"] == "warning"


def test_many_files_give_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one = checked("allowed_in_one")
    monkeypatch.setattr(suppressions, "_MANY", 0)
    assert checked("allowed_in_one").notes == one_by_one.notes


def test_a_driver_outside_the_tree_may_allow_findings(tmp_path: Path) -> None:
    path = tmp_path / "driver" / "a.c"
    path.parent.mkdir()
    path.write_text((TESTDATA / "drivers" / "allowed" / "allowed.c").read_text())
    report = api.check(api.CheckOptions(paths=(path,), kernel=TESTDATA))
    assert (len(report.findings), report.active) == (6, [])
    (note,) = [note for note in report.notes if note.kind == "unused-suppression"]
    assert note.path == str(path)

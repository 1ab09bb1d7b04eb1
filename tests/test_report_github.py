"""Annotations: the runner's own reading of what is printed, and nothing that breaks out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gfplint.findings import Confidence, Note, Place, Suppression
from gfplint.report.formats import FORMATS, Display
from gfplint.report.github import render
from tests.reports import BALLOON, LOCK, balloon_finding, chain_finding, report
from tests.rule_texts import RULES

ROOT = "/kernels/linux-6.12"
SEVERITIES = {rule.id: rule.severity for rule in RULES}


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Each command's name, properties and message, read as the runner's ActionCommand.TryParseV2 does."""
    found = []
    for line in text.splitlines():
        if not line.strip().startswith("::") or "::" not in line.strip()[2:]:
            continue
        head, _, data = line.strip()[2:].partition("::")
        name, _, rest = head.partition(" ")
        properties = dict(part.split("=", 1) for part in rest.strip().split(",") if "=" in part)
        found.append((name, {key: decode(value) for key, value in properties.items()}, decode(data)))
    return found


def decode(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_the_balloon_deadlock() -> None:
    [(name, properties, message)] = commands(render(report(balloon_finding()), SEVERITIES, folder=ROOT))
    assert name == "error"
    assert properties == {
        "file": BALLOON,
        "line": "171",
        "endLine": "171",
        "col": "23",
        "endColumn": "42",
        "title": "GFP001 (high confidence)",
    }
    lines = message.splitlines()
    assert lines[0] == balloon_finding().message + "."
    assert f"- leak_balloon(): waits for {LOCK} ({BALLOON}:262:2)" in lines
    assert "fix: Allocate before taking the lock, and only enqueue the page under it." in lines


@pytest.mark.parametrize(
    ("severity", "confidence", "level"),
    [
        ("error", Confidence.HIGH, "error"),
        ("error", Confidence.MEDIUM, "warning"),
        ("error", Confidence.LOW, "notice"),
        ("warning", Confidence.HIGH, "warning"),
        ("warning", Confidence.LOW, "notice"),
        ("note", Confidence.HIGH, "notice"),
    ],
)
def test_level_by_severity_and_confidence(severity: str, confidence: Confidence, level: str) -> None:
    finding = replace(balloon_finding(), confidence=confidence)
    [(name, _, _)] = commands(render(report(finding), {"GFP001": severity}, folder=ROOT))
    assert name == level


def test_the_surest_come_first() -> None:
    low = replace(balloon_finding(), place=Place("a.c", 1, 1), confidence=Confidence.LOW)
    medium = replace(low, place=Place("b.c", 1, 1), confidence=Confidence.MEDIUM)
    high = [replace(balloon_finding(), place=Place("z.c", line, 1)) for line in (9, 10)]
    text = render(report(low, medium, *reversed(high)), SEVERITIES, folder=ROOT)
    assert [(p["file"], p["line"]) for _, p, _ in commands(text)] == [
        ("z.c", "9"),
        ("z.c", "10"),
        ("b.c", "1"),
        ("a.c", "1"),
    ]


def test_nothing_breaks_out_of_a_command() -> None:
    evil = "x::stop-commands::a,line=9:%0A%\r\n::error title=evil::injected\n##[add-path]/evil"
    finding = replace(
        balloon_finding(), place=Place(f"dir/{evil.replace('/', '')}.c", 3, 0), message=evil, fixes=(evil,)
    )
    text = render(replace(report(finding), kernel_version=evil), SEVERITIES, folder=ROOT)
    [(name, properties, message)] = commands(text)
    assert name == "error"
    assert properties["file"] == f"dir/{evil.replace('/', '')}.c"
    assert set(properties) == {"file", "line", "endLine", "title"}
    assert "::error title=evil::injected" in message
    assert [line for line in text.splitlines()[1:] if "##[" in line or line.strip().startswith("::")] == []


def test_files_are_named_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", "/kernels")
    [(_, properties, _)] = commands(
        FORMATS["github"](report(balloon_finding()), Display(rules=lambda: RULES))
    )
    assert properties["file"] == f"linux-6.12/{BALLOON}"


def test_only_what_calls_for_action_is_annotated() -> None:
    allowed = replace(balloon_finding(), suppression=Suppression(Place("a.c", 1, 1), "tested"))
    known = replace(chain_finding(), baseline="unchanged")
    wrong = Note("suppression", "a.c", 7, "the comment gives no reason")
    text = render(report(allowed, known, notes=(wrong,)), SEVERITIES, folder=ROOT)
    assert commands(text) == [
        (
            "error",
            {"file": "a.c", "line": "7", "endLine": "7", "title": "suppression"},
            "the comment gives no reason",
        )
    ]
    assert "No findings" in text.splitlines()[1]

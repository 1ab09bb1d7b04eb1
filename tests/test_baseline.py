"""Findings compared with an older log: what is new, what is gone, and what a broken log is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gfplint import cli
from gfplint.baseline import Baseline
from gfplint.errors import UsageError
from gfplint.findings import Confidence, Finding, Lock, Place, Report, Suppression
from gfplint.report import sarif, text
from tests.changed_tree import BYSTANDER, DRIVER, ChangedTree
from tests.reports import balloon_finding, chain_finding, report
from tests.rule_texts import RULES
from tests.small_trees import write
from tests.test_sarif import run_of

IDS = ("GFP001", "GFP002")


def tree(root: Path, files: dict[str, str], *findings: Finding, paths: Sequence[str] = ("",)) -> Report:
    """A report about files that exist."""
    write(root, files)
    return replace(report(*findings), root=str(root), paths=list(paths))


def finding(path: str, line: int, *, function: str = "f", lock: str = "struct a.lock") -> Finding:
    """A finding with a fingerprint that names what analysis would put into it."""
    return replace(
        balloon_finding(),
        place=Place(path, line, 1, 2),
        function=function,
        message=f"{function}() allocates under {lock}",
        lock=Lock(lock, "mutex", Place(path, 1, 1), function),
        fingerprint=f"{path}:{function}:{lock}",
    )


def saved(given: Report, path: Path) -> Baseline:
    path.write_text(sarif.render(given, RULES))
    return Baseline.read(path)


def states(given: Report) -> list[str]:
    return [each.baseline for each in given.findings]


def test_equal_reports_have_nothing_new(tmp_path: Path) -> None:
    given = report(balloon_finding(), chain_finding())
    compared = saved(given, tmp_path / "old").compare(given, IDS, Confidence.LOW)
    assert states(compared) == ["unchanged", "unchanged"]
    assert (compared.absent, compared.active) == ([], [])
    assert "No new findings (2 unchanged) in 16 files" in text.render(compared)
    assert "GFP001" not in text.render(compared)


def test_lines_added_above_change_nothing(tmp_path: Path) -> None:
    old = tree(tmp_path, {"a.c": "x\ny\n"}, finding("a.c", 2))
    baseline = saved(old, tmp_path / "old")
    new = tree(tmp_path, {"a.c": "\n\n\nx\ny\n"}, finding("a.c", 5))
    assert states(baseline.compare(new, IDS, Confidence.LOW)) == ["unchanged"]


def test_a_second_finding_with_the_same_fingerprint_is_new(tmp_path: Path) -> None:
    old = tree(tmp_path, {"a.c": "x\none();\n"}, finding("a.c", 2))
    baseline = saved(old, tmp_path / "old")
    new = tree(tmp_path, {"a.c": "x\ntwo();\none();\n"}, finding("a.c", 2), finding("a.c", 3))
    assert states(baseline.compare(new, IDS, Confidence.LOW)) == ["new", "unchanged"]


def test_what_was_renamed_is_updated(tmp_path: Path) -> None:
    old = tree(
        tmp_path,
        {"a.c": "one();\ntwo();\n", "b.c": "three();\n"},
        finding("a.c", 1, function="f"),
        finding("a.c", 2, function="g", lock="struct b.lock"),
        finding("b.c", 1, function="h"),
    )
    baseline = saved(old, tmp_path / "old")
    new = tree(
        tmp_path,
        {"c.c": "new();\nthree();\n"},
        finding("a.c", 1, function="other"),  # the function has another name
        finding("a.c", 2, function="g", lock="struct c.lock"),  # another lock is another problem
        finding("c.c", 2, function="h"),  # the file has another name
    )
    compared = baseline.compare(new, IDS, Confidence.LOW)
    assert states(compared) == ["updated", "new", "updated"]
    assert [result["properties"]["lock"]["class"] for result in compared.absent or ()] == ["struct b.lock"]


def test_a_finding_that_grew_surer_is_updated(tmp_path: Path) -> None:
    baseline = saved(report(replace(balloon_finding(), confidence=Confidence.LOW)), tmp_path / "old")
    assert states(baseline.compare(report(balloon_finding()), IDS, Confidence.LOW)) == ["updated"]


def test_what_is_gone_is_carried_over_once(tmp_path: Path) -> None:
    baseline = saved(report(balloon_finding(), chain_finding()), tmp_path / "old")
    compared = baseline.compare(report(chain_finding()), IDS, Confidence.LOW)
    run = run_of(compared)
    assert [result["baselineState"] for result in run["results"]] == ["unchanged", "absent"]
    absent = run["results"][1]
    assert run["tool"]["driver"]["rules"][absent["ruleIndex"]]["id"] == absent["ruleId"] == "GFP001"
    assert len(absent["codeFlows"][0]["threadFlows"]) == 2
    assert "No new findings (1 unchanged, 1 absent)" in text.render(compared)
    again = saved(compared, tmp_path / "old").compare(report(chain_finding()), IDS, Confidence.LOW)
    assert (states(again), again.absent) == (["unchanged"], [])


@pytest.mark.parametrize(
    ("rules", "lowest", "paths", "absent"),
    [
        (IDS, Confidence.LOW, [""], 2),
        (["GFP002"], Confidence.LOW, [""], 1),
        (IDS, Confidence.HIGH, [""], 1),
        (IDS, Confidence.LOW, ["drivers/virtio"], 1),
        (IDS, Confidence.LOW, ["drivers/virt"], 0),
    ],
)
def test_what_was_not_looked_for_is_not_absent(
    tmp_path: Path, rules: Sequence[str], lowest: Confidence, paths: list[str], absent: int
) -> None:
    baseline = saved(report(balloon_finding(), chain_finding()), tmp_path / "old")
    compared = baseline.compare(replace(report(), paths=paths), rules, lowest)
    assert len(compared.absent or ()) == absent


def test_what_was_allowed_is_new_when_it_is_no_more(tmp_path: Path) -> None:
    allowed = replace(balloon_finding(), suppression=Suppression(Place("a.c", 1, 1), "why"))
    baseline = saved(report(allowed), tmp_path / "old")
    compared = baseline.compare(report(balloon_finding()), IDS, Confidence.LOW)
    assert (states(compared), compared.absent) == (["new"], [])
    both = saved(report(balloon_finding()), tmp_path / "old").compare(report(allowed), IDS, Confidence.LOW)
    assert (states(both), both.active) == (["unchanged"], [])


def log(**run: Any) -> str:
    driver = {"tool": {"driver": {"name": "gfplint"}}}
    return json.dumps({"version": "2.1.0", "runs": [{**driver, **run}]})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is not SARIF: it isn't JSON."),
        ("[" * 100_000, "is not SARIF: it isn't JSON."),
        ("[]", "is not SARIF: it has no runs."),
        ('{"runs": [], "version": "2.1.0"}', "has no run of gfplint."),
        ('{"runs": [1], "version": "2.1.0"}', "is not SARIF: it has no runs."),
        ('{"runs": [{}], "version": "1.0.0"}', "is not SARIF 2.1.0."),
        (log(tool={"driver": {"name": "sparse"}}), "was written by sparse, not by gfplint."),
        (log(tool=3), "was written by an unnamed tool, not by gfplint."),
        (log(results=3), "is broken: its results are no list."),
        (log(results=[{}]), "is broken: result 1 has no rule, message or list of locations."),
        (
            log(results=[{"ruleId": "GFP001", "message": {"text": "x"}, "locations": 1}]),
            "is broken: result 1 has no rule, message or list of locations.",
        ),
    ],
)
def test_a_broken_baseline_gets_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "old.sarif"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        Baseline.read(path)
    assert str(caught.value) == f"The baseline {path} {sentence}"


def test_scraps_of_results_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "old.sarif"
    path.write_text(log(results=[{"ruleId": "GFP001", "message": {"text": "x"}, "locations": [3]}, *[]]))
    compared = Baseline.read(path).compare(report(balloon_finding()), IDS, Confidence.LOW)
    assert states(compared) == ["new"]


def test_what_a_change_does_not_touch_is_not_absent(tmp_path: Path) -> None:
    changed = ChangedTree(tmp_path / "linux")
    log = tmp_path / "old"
    assert cli.main(["--output-format", "sarif", "-o", str(log), str(changed.root / DRIVER)]) == 1
    changed.edit(BYSTANDER, "MODULE_LICENSE", "int unrelated;\nMODULE_LICENSE")
    aside = changed.check("drivers", since="HEAD", baseline=log)
    assert (aside.findings, aside.absent) == ([], [])
    taken = "\tmutex_lock(&vb->lock);\t/* want-taken"
    changed.edit(DRIVER, taken, taken.replace("&vb->lock", "&(vb->lock)"))
    touched = changed.check(since="HEAD", baseline=log)
    assert (states(touched), touched.active, touched.absent) == (["unchanged"], [], [])


def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    driver = str(Path(__file__).parent.parent / "testdata" / "kernel" / "drivers" / "balloon")
    old = str(tmp_path / "old.sarif")
    assert cli.main(["--output-format", "sarif", "-o", old, driver]) == 1
    assert cli.main(["--baseline", old, driver]) == 0
    assert "No new findings (1 unchanged) in 1 file" in capfd.readouterr().out
    assert cli.main(["--baseline", str(tmp_path / "none"), driver]) == 2
    assert "none can't be read" in capfd.readouterr().err

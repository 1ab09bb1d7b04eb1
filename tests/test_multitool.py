"""Microsoft's SARIF validator, with its rules for GitHub's code scanning, has nothing to say about our logs.

`.ci/run` installs it. Elsewhere, ``GFPLINT_MULTITOOL`` may name the program.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from gfplint import api
from gfplint.baseline import Baseline
from gfplint.command import rules as naming
from gfplint.findings import Confidence, Note, Place, Report
from gfplint.report import sarif
from tests.reports import NOTES, balloon_finding, chain_finding, report

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PACKAGE = "gfplint/npm/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
TESTDATA = Path(__file__).parent.parent / "testdata"
KNOWN_NOTES = {
    "SARIF2002",  # a message by id has no text, and code scanning shows nothing else
    "SARIF2003",  # a tree that is in no repository has no provenance
    "SARIF2006",  # addresses that can't be reached; there may be no network
    "SARIF2010",  # files that aren't there have no lines to show
    "SARIF2011",
    "SARIF2012",  # there is no page about a rule to name; its help is in the log
}


def multitool() -> str | None:
    """The program, where there is one."""
    named = os.environ.get("GFPLINT_MULTITOOL") or str(CACHE / PACKAGE)
    return named if os.access(named, os.X_OK) else shutil.which("sarif-multitool")


pytestmark = pytest.mark.skipif(multitool() is None, reason="no sarif-multitool here; .ci/run installs it")


def complaints(folder: Path) -> Counter[tuple[str, str, str]]:
    """How often the validator says what about the logs in the folder: level, rule, file."""
    program = multitool()
    assert program is not None
    output = folder / "validation"
    logs = sorted(str(path) for path in folder.glob("*.sarif"))
    command = [program, "validate", *logs, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note"]
    done = subprocess.run(
        [*command, "--output", str(output), "--quiet", "true"], capture_output=True, text=True, timeout=120
    )
    assert output.exists(), done.stdout + done.stderr
    (run,) = json.loads(output.read_text())["runs"]
    found: Counter[tuple[str, str, str]] = Counter()
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"].get("uri", "")
        found[result.get("level", "warning"), result["ruleId"].split(".")[0], Path(uri).name] += 1
    return found


def written(folder: Path, **reports: Report) -> None:
    rules = naming.load(())
    for name, given in reports.items():
        (folder / f"{name}.sarif").write_text(sarif.render(given, rules))


def test_nothing_to_say(tmp_path: Path) -> None:
    kernel = api.check(api.CheckOptions(paths=(TESTDATA / "kernel",)))
    assert len(kernel.findings) > 100
    assert any(finding.suppression for finding in kernel.findings)
    written(tmp_path, old=report(balloon_finding(), chain_finding()))
    baseline = Baseline.read(tmp_path / "old.sarif")
    written(
        tmp_path,
        kernel=kernel,
        lone=api.check(api.CheckOptions(paths=(TESTDATA / "no-kernel" / "drivers",))),
        empty=report(),
        notes=report(notes=(*NOTES, Note("suppression", "a.c", 1, "No reason."))),
        rootless=replace(report(balloon_finding(), tree=False), root=None),
        odd=report(replace(balloon_finding(), place=Place("drivers/a b/ü%.c", 1, 1), message="<b>`x`")),
        compared=baseline.compare(report(chain_finding()), ["GFP001", "GFP002"], Confidence.LOW),
    )
    found = complaints(tmp_path)
    assert not {(rule, file) for _, rule, file in found if file == "kernel.sarif"} & {
        ("SARIF2010", "kernel.sarif"),
        ("SARIF2011", "kernel.sarif"),
    }
    assert {what for what in found if what[0] != "note" or what[1] not in KNOWN_NOTES} == set()


def test_the_validator_would_complain(tmp_path: Path) -> None:
    log = json.loads(sarif.render(report(balloon_finding()), naming.load(())))
    del log["runs"][0]["results"][0]["locations"]
    (tmp_path / "broken.sarif").write_text(json.dumps(log))
    assert any(level == "error" and rule.startswith("GH") for level, rule, _ in complaints(tmp_path))

"""What GitHub's code scanning needs of a log: identities, places in the repository, and its limits."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gfplint import repository
from gfplint.command import rules as naming
from gfplint.findings import Confidence, Finding, Note, Place, Report, Step, Thread
from gfplint.identity import line_hash
from gfplint.report import sarif
from gfplint.report.sarif import limits
from gfplint.report.sarif.limits import Room
from tests.reports import balloon_finding, report
from tests.rule_texts import RULES
from tests.test_sarif import run_of, validator

# ------------------------------------------------------------------------------------ identity

# Computed with the rolling hash of GitHub's upload action.
EMPTY = ["c129715d7a2bc9a3:1"]
ODD = 'a(1);\r\n\tb(2);\r\r\n\n  😀 = "x";\n}\n}\n}'
HASHED = [
    "3c96617e662fb533:1",
    "9831bbdf6776774f:1",
    "bdf98fb5f2b3eab9:1",
    "7cf19f4614e05a53:1",
    "16cbdf1b054c7b95:1",
    "27930ce99a2fc80e:1",
    "632b355e1e0bbbf3:1",
    "13db8c734146ff90:1",
]


def test_line_hashes_are_those_of_the_upload_action() -> None:
    assert [line_hash("", 1)] == EMPTY
    assert [line_hash(ODD, line) for line in range(1, len(HASHED) + 1)] == HASHED
    assert line_hash(ODD, len(HASHED) + 1) == line_hash(ODD, 0) == ""


def test_a_line_hash_survives_lines_added_above() -> None:
    code = "".join(f"\tline_{number}(with, some, arguments);\n" for number in range(50))
    assert line_hash("/* a\n * b\n */\n" + code, 23) == line_hash(code, 20)
    assert line_hash(code.replace("line_10(", "other("), 20) == line_hash(code, 20)
    assert line_hash(code, 21) != line_hash(code, 20)


# -------------------------------------------------------------------------------------- places


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=trunk"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit, a remote and a driver in a folder."""
    folder = tmp_path.resolve() / "repo"
    (folder / "driver").mkdir(parents=True)
    (folder / "driver" / "a.c").write_text("one\ntwo\nthree\n")
    (folder / ".gitignore").write_text("ignored\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "remote", "add", "origin", "https://me:secret@example.org/some/driver.git")
    repository.find.cache_clear()
    return folder


def at(root: Path, path: str, *paths: str) -> Report:
    found = replace(balloon_finding(), place=Place(path, 2, 1), threads=(), lock=None)
    return replace(report(found), root=str(root), paths=list(paths) or [""])


def place_of(run: dict[str, Any]) -> tuple[str, str | None]:
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    return artifact["uri"], artifact.get("uriBaseId")


def test_paths_are_those_of_the_repository(checkout: Path) -> None:
    run = run_of(at(checkout / "driver", "a.c"))
    assert place_of(run) == ("driver/a.c", "%SRCROOT%")
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == f"file://{checkout}/"
    assert run["versionControlProvenance"] == [
        {
            "repositoryUri": "https://example.org/some/driver.git",
            "revisionId": git(checkout, "rev-parse", "HEAD"),
            "branch": "trunk",
            "mappedTo": {"uriBaseId": "%SRCROOT%"},
        }
    ]


def test_a_hook_s_environment_names_no_repository(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert place_of(run_of(at(checkout, "driver/a.c"))) == ("driver/a.c", "%SRCROOT%")
    assert run_of(at(checkout, "driver/a.c"))["versionControlProvenance"][0]["branch"] == "trunk"


def test_a_repository_without_a_commit_or_a_remote(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    repository.find.cache_clear()
    (details,) = run_of(at(tmp_path, "a.c"))["versionControlProvenance"]
    assert details == {
        "repositoryUri": f"file://{tmp_path.resolve()}/",
        "branch": git(tmp_path, "symbolic-ref", "--short", "HEAD"),
        "mappedTo": {"uriBaseId": "%SRCROOT%"},
    }


def test_an_ignored_tree_is_no_part_of_the_repository(checkout: Path) -> None:
    (checkout / "ignored").mkdir()
    run = run_of(at(checkout / "ignored", "a.c"))
    assert place_of(run) == ("a.c", "%SRCROOT%")
    assert "versionControlProvenance" not in run


def test_a_driver_outside_the_kernel_is_in_its_own_repository(checkout: Path, tmp_path: Path) -> None:
    kernel = tmp_path.resolve() / "linux"
    kernel.mkdir()
    driver = str(checkout / "driver" / "a.c")
    run = run_of(at(kernel, driver, driver))
    assert place_of(run) == ("driver/a.c", "%SRCROOT%")
    assert place_of(run_of(at(kernel, "mm/a.c", driver))) == ("mm/a.c", "%KERNEL%")
    assert run["originalUriBaseIds"]["%KERNEL%"]["uri"] == f"file://{kernel}/"
    assert run["automationDetails"]["id"] == "gfplint/driver/a.c/"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org:8443/a.git?x=secret#y", "https://example.org:8443/a.git"),
        ("git@example.org:group/a.git", "ssh://example.org/group/a.git"),
        ("example.org:/srv/a", "ssh://example.org/srv/a"),
        ("ssh://git@example.org/a", "ssh://example.org/a"),
        ("/srv/git/a.git", ""),
        ("file:///srv/git/a.git", ""),
        ("ext::sh -c secret", ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_addresses_of_remotes_have_no_credentials(remote: str, address: str) -> None:
    assert repository.public_address(remote) == address


@pytest.mark.parametrize(
    ("paths", "category"),
    [
        (["drivers/virtio"], "gfplint/drivers/virtio/"),
        (["mm", "drivers/virtio"], "gfplint/drivers/virtio+mm/"),
        ([""], "gfplint/"),
        ([], "gfplint/"),
        (["a.c", "b.c", "c.c", "d.c"], "gfplint/"),
    ],
)
def test_the_category_is_made_of_the_paths(paths: list[str], category: str) -> None:
    run = run_of(replace(report(), paths=paths))
    assert run["automationDetails"] == {"id": category}


# --------------------------------------------------------------------------------------- rules


def test_rules_are_as_github_reads_them() -> None:
    for rule in run_of(report(), naming.load(()))["tool"]["driver"]["rules"]:
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
        assert len(rule["properties"]["tags"]) <= limits.MAX_TAGS
        tags = set(rule["properties"]["tags"])
        if "deadlock" in tags:
            assert {"external/cwe/cwe-833", "external/cwe/cwe-667"} <= tags
        else:
            assert any(tag.startswith("external/cwe/cwe-") for tag in tags)
        assert len(rule["name"]) <= 255
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024


# -------------------------------------------------------------------------------------- limits


def many(count: int, **changes: Any) -> list[Finding]:
    made = []
    for number in range(count):
        level = Confidence(number % 3 + 1)
        place = Place("a.c", number + 1, 1)
        made.append(replace(balloon_finding(), place=place, confidence=level, threads=(), **changes))
    return made


def rendered(given: Report, room: Room) -> tuple[dict[str, Any], list[str]]:
    told: list[str] = []
    log = json.loads(sarif.render(given, RULES, room=room, tell=told.append))
    assert validator().is_valid(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run, told


def test_the_surest_results_are_kept_and_the_rest_is_said() -> None:
    run, told = rendered(report(*many(30)), Room(results=15))
    assert [result["properties"]["confidence"] for result in run["results"]].count("high") == 10
    assert [result["properties"]["confidence"] for result in run["results"]].count("medium") == 5
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in run["results"]]
    assert lines == sorted(lines)
    (sentence,) = told
    assert sentence.startswith("gfplint: Only 15 of 30 results are in the SARIF log")
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert sentence == f"gfplint: {notification['message']['text']}\n"
    assert notification["level"] == "warning"


def test_what_calls_for_action_is_kept_before_what_is_known() -> None:
    known = many(3, baseline="unchanged")
    fresh = many(3, baseline="new")
    gone = {"ruleId": "GFP001", "message": {"text": "gone"}}
    run, _ = rendered(replace(report(*known, *fresh), absent=[gone]), Room(results=4))
    assert [result["baselineState"] for result in run["results"]].count("new") == 3
    run, _ = rendered(replace(report(*known), absent=[gone, gone]), Room(results=4))
    assert [result["baselineState"] for result in run["results"]] == ["unchanged"] * 3 + ["absent"]


def test_a_log_that_is_too_big_loses_notes_then_results() -> None:
    notes = [Note("unresolved-call", f"{number * 7919}.c", number, str(number**9)) for number in range(500)]
    given = replace(report(*many(300)), notes=notes)
    run, told = rendered(given, Room(bytes=6_000))
    kept = run["results"]
    assert 0 < len(kept) < 300
    assert [said.split(" ")[1] for said in told] == ["Only", "500"]
    assert "high" in {result["properties"]["confidence"] for result in kept}
    run, told = rendered(given, Room(bytes=1))
    assert run["results"] == []


def test_long_ways_and_many_places_are_cut() -> None:
    steps = tuple(Step("call", f"f{number}", "calls", Place("a.c", 1, 1)) for number in range(3000))
    also = tuple((Place("a.c", number + 1, 1), "too") for number in range(500))
    given = replace(balloon_finding(), threads=(Thread("a", steps), Thread("b", steps)), also=also)
    (result,) = run_of(report(given))["results"]
    flows = result["codeFlows"][0]["threadFlows"]
    assert sum(len(flow["locations"]) for flow in flows) == limits.MAX_STEPS
    texts = [step["location"]["message"]["text"] for step in flows[0]["locations"]]
    assert (texts[0], texts[-1]) == ("f0(): calls", "f2999(): calls")
    assert [text for text in texts if "left out" in text] == ["2,501 steps are left out here."]
    assert len(result["relatedLocations"]) == limits.MAX_LOCATIONS

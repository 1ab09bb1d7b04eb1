"""SARIF: valid by the official schema, complete, and equal for equal findings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from gfplint.findings import Finding, Note, Place, Report, Step, Thread
from gfplint.report import RuleText, sarif
from tests.reports import BALLOON, COMPACTION, LOCK, NOTES, balloon_finding, chain_finding, report
from tests.rule_texts import RULES


@cache
def validator() -> Draft202012Validator:
    schema = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text())
    return Draft202012Validator(schema, format_checker=FormatChecker())


def run_of(given: Report, rules: Iterable[RuleText] = RULES) -> dict[str, Any]:
    """The one run of the log, after validation."""
    log = json.loads(sarif.render(given, rules))
    problems = [f"{error.json_path}: {error.message}" for error in validator().iter_errors(log)]
    assert problems == []
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def result_of(finding: Finding) -> dict[str, Any]:
    (result,) = run_of(report(finding))["results"]
    assert isinstance(result, dict)
    return result


def test_the_validator_would_complain() -> None:
    log = json.loads(sarif.render(report(balloon_finding()), RULES))
    log["runs"][0]["results"][0]["level"] = "catastrophe"
    assert not validator().is_valid(log)


@pytest.mark.parametrize(
    "given",
    [
        report(),
        report(balloon_finding(), chain_finding(), notes=NOTES),
        report(balloon_finding(), tree=False),
        replace(report(balloon_finding()), root=None),
        report(replace(balloon_finding(), threads=(), lock=None, mask=None, ways=(), fingerprint="")),
        report(replace(balloon_finding(), place=Place("drivers/a b/ü%.c", 1, 1), message="<b>\x1b[31m`x`")),
        report(notes=(Note("unreadable-file", "a.c", 0, "it is gone"), Note("new-kind", "", 0, "something"))),
    ],
)
def test_every_kind_of_report_is_valid(given: Report) -> None:
    run_of(given)


def test_both_threads_are_thread_flows_of_one_code_flow() -> None:
    (flow,) = result_of(balloon_finding())["codeFlows"]
    one, two = flow["threadFlows"]
    assert (one["id"], two["id"]) == ("thread 1", "thread 2")
    assert two["message"]["text"] == "OOM notifier."

    def where(flow: dict[str, Any]) -> list[tuple[str | None, int | None, str]]:
        found = []
        for step in flow["locations"]:
            physical = step["location"].get("physicalLocation", {})
            path = physical.get("artifactLocation", {}).get("uri")
            found.append(
                (path, physical.get("region", {}).get("startLine"), step["location"]["message"]["text"])
            )
        return found

    assert where(one) == [
        (BALLOON, 168, f"fill_balloon(): takes {LOCK}"),
        (BALLOON, 171, "fill_balloon(): calls balloon_page_enqueue()"),
        (COMPACTION, 31, "balloon_page_enqueue(): calls alloc_page()"),
        (COMPACTION, 31, "balloon_page_enqueue(): waits in direct reclaim"),
    ]
    assert where(two)[0] == (None, None, "out_of_memory(): calls blocking_notifier_call_chain()")
    assert where(two)[-1] == (BALLOON, 262, f"leak_balloon(): waits for {LOCK}")
    kinds = [step.get("kinds") for step in one["locations"]]
    assert kinds[:3] == [["acquire", "lock"], ["call", "function"], ["acquire", "memory"]]


def test_a_result_says_where_and_why() -> None:
    result = result_of(balloon_finding())
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": BALLOON, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 171, "startColumn": 23, "endColumn": 43},
    }
    assert location["logicalLocations"] == [{"name": "fill_balloon", "kind": "function"}]
    text = result["message"]["text"]
    assert text.startswith("balloon_page_enqueue() allocates with direct reclaim while ")
    for words in (
        "taken in fill_balloon()",
        "-> direct reclaim, IO and FS.",
        "Reclaim dependency: ",
        "Allocate before",
    ):
        assert words in text
    assert [place["message"]["text"] for place in result["relatedLocations"]] == [
        f"{LOCK} is taken here.",
        f"leak_balloon(): waits for {LOCK}.",
    ]
    assert result["level"] == "error"
    assert result["properties"]["confidence"] == "high"
    assert result["properties"]["ways"] == ["reclaim dependency"]


def test_rules_carry_their_help_and_weaknesses() -> None:
    run = run_of(report(balloon_finding(), chain_finding()))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["GFP001", "GFP002"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert rules[0]["help"] == {
        "text": "# GFP001\n\nThe story of the balloon.\n",
        "markdown": "# GFP001\n\nThe story of the balloon.\n",
    }
    assert rules[0]["properties"]["security-severity"] == "5.5"
    assert rules[0]["properties"]["precision"] == "high"
    (taxonomy,) = run["taxonomies"]
    assert [taxon["id"] for taxon in taxonomy["taxa"]] == ["CWE-667", "CWE-833"]
    for rule in rules:
        for relation in rule["relationships"]:
            target = relation["target"]
            assert taxonomy["taxa"][target["index"]]["id"] == target["id"]


def test_what_was_not_analysed_is_a_notification() -> None:
    run = run_of(report(notes=NOTES))
    kinds = run["tool"]["driver"]["notifications"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    notifications = invocation["toolExecutionNotifications"]
    assert [note["descriptor"]["id"] for note in notifications] == [
        "syntax",
        "unresolved-call",
        "unresolved-call",
    ]
    assert [note["level"] for note in notifications] == ["warning", "note", "note"]
    for note in notifications:
        assert kinds[note["descriptor"]["index"]]["id"] == note["descriptor"]["id"]
    where = notifications[1]["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]) == (BALLOON, {"startLine": 240})


def test_without_a_tree_it_says_so() -> None:
    run = run_of(report(tree=False))
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["descriptor"]["id"] == "no-tree"
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///drivers/out%20of%20tree/"


def test_uris_are_relative_and_escaped() -> None:
    finding = replace(balloon_finding(), place=Place("drivers/a b/ü%.c", 3, 1), threads=())
    uri = result_of(finding)["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "drivers/a%20b/%C3%BC%25.c"


def test_equal_findings_in_any_order_give_equal_bytes() -> None:
    one = report(balloon_finding(), chain_finding(), notes=NOTES)
    two = report(chain_finding(), balloon_finding(), notes=tuple(reversed(NOTES)))
    assert sarif.render(one, RULES) == sarif.render(two, tuple(reversed(RULES)))


def test_fingerprints_survive_lines_added_above() -> None:
    def fingerprint(finding: Finding) -> str:
        text = result_of(finding)["partialFingerprints"]["gfplint/v1"]
        assert isinstance(text, str)
        return text

    assert fingerprint(balloon_finding()) == "1f0c7a2b9d3e4f56"
    bare = replace(balloon_finding(), fingerprint="")
    assert fingerprint(replace(bare, place=Place(BALLOON, 190, 23))) == fingerprint(bare)
    assert fingerprint(replace(bare, function="other")) != fingerprint(bare)


def test_a_phrase_is_not_doubled() -> None:
    thread = Thread(
        "",
        (Step("enter", "out_of_memory", "out_of_memory() runs", None), Step("wait", "", "somewhere", None)),
    )
    (flow,) = result_of(replace(balloon_finding(), threads=(thread,)))["codeFlows"]
    texts = [step["location"]["message"]["text"] for step in flow["threadFlows"][0]["locations"]]
    assert texts == ["out_of_memory() runs", "somewhere"]

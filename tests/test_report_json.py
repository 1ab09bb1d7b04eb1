"""The JSON report: its schema, its promises to readers, and names that are no text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from gfplint.findings import Confidence, Note, Place, Report, Suppression
from gfplint.report.formats import FORMATS, Display
from gfplint.report.json_report import SCHEMA, VERSION, build, render
from tests.reports import NOTES, balloon_finding, chain_finding, report
from tests.rule_texts import RULES

ALLOWED = replace(
    balloon_finding(),
    place=Place("drivers/virtio/virtio_balloon.c", 190, 3),
    suppression=Suppression(Place("drivers/virtio/virtio_balloon.c", 189, 2), "the notifier is off then"),
)
KNOWN = replace(chain_finding(), place=Place("drivers/gpu/drm/x.c", 5, 1), baseline="unchanged")
REPORTS = {
    "full": report(balloon_finding(), chain_finding(), ALLOWED, KNOWN, notes=NOTES),
    "empty": report(),
    "no tree": report(notes=(Note("no-tree", "", 0, "no tree"),), tree=False),
}


def strict(schema: Any) -> Any:
    """The schema that also refuses what it doesn't describe, so that nothing undocumented is written."""
    if isinstance(schema, dict):
        closed = {key: strict(value) for key, value in schema.items()}
        return {**closed, "additionalProperties": False} if "required" in schema else closed
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def schema() -> Any:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["version"] == {"description": "Of this format.", "const": VERSION}


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_as_the_schema_says(name: str) -> None:
    jsonschema.Draft202012Validator(strict(schema())).validate(json.loads(render(REPORTS[name], RULES)))


def test_the_schema_refuses_what_it_should() -> None:
    written = build(REPORTS["full"], RULES)
    written["findings"][0]["confidence"] = "certain"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, schema())


def test_keys_come_in_the_order_of_the_schema() -> None:
    written = build(REPORTS["full"], RULES)
    definitions = schema()["$defs"]
    assert list(written) == list(schema()["properties"])
    assert list(written["findings"][0]) == list(definitions["finding"]["properties"])
    assert list(written["summary"]) == list(definitions["summary"]["properties"])


def test_everything_that_the_text_has() -> None:
    [finding] = json.loads(render(report(balloon_finding()), RULES))["findings"]
    source = balloon_finding()
    assert finding["message"] == source.message
    assert finding["place"] == {
        "path": source.place.path,
        "line": 171,
        "column": 23,
        "end_column": 43,
    }
    assert finding["lock"]["class"] == "struct virtio_balloon.balloon_lock"
    assert finding["lock"]["taken"]["line"] == 168
    assert finding["mask"]["set"] == list(source.mask.flags if source.mask else ())
    assert [[step["text"] for step in thread["steps"]] for thread in finding["threads"]] == [
        [step.text for step in thread.steps] for thread in source.threads
    ]
    assert finding["threads"][1]["steps"][0]["place"] is None
    assert finding["ways"][0]["name"] == "reclaim dependency"
    assert finding["flags"] == list(source.unsaved)
    assert finding["fixes"] == list(source.fixes)
    assert finding["facts"] == list(source.facts)


def test_findings_that_are_allowed_or_known_are_there_and_marked_but_not_counted() -> None:
    written = json.loads(render(report(balloon_finding(), ALLOWED, KNOWN), RULES))
    state = [(f["active"], f["suppression"] is not None, f["baseline"]) for f in written["findings"]]
    assert state == [(False, False, "unchanged"), (True, False, None), (False, True, None)]
    assert written["findings"][2]["suppression"]["reason"] == "the notifier is off then"
    assert written["summary"]["findings"] == 1
    assert written["summary"]["suppressed"] == 1
    assert written["summary"]["by_rule"] == {"GFP001": 1}
    assert written["summary"]["by_confidence"] == {"high": 1, "medium": 0, "low": 0}


def test_absent_findings_are_counted_where_there_is_a_baseline() -> None:
    assert json.loads(render(report(), RULES))["summary"]["absent"] is None
    with_baseline = replace(report(), absent=[{"ruleId": "GFP001"}])
    assert json.loads(render(with_baseline, RULES))["summary"]["absent"] == 1


def test_names_that_are_no_text() -> None:
    finding = replace(balloon_finding(), place=Place('a\udcff"\\\n\u2028.c', 1, 1), message="</script>\x00")
    text = render(report(finding), RULES)
    text.encode("utf-8")
    read = json.loads(text)["findings"][0]
    assert read["place"]["path"] == 'a\\udcff"\\\n\u2028.c'
    assert read["message"] == "</script>\x00"


def test_equal_findings_give_equal_bytes() -> None:
    def shuffled(findings: list[Any]) -> Report:
        return replace(REPORTS["full"], findings=findings, notes=list(reversed(NOTES)))

    findings = REPORTS["full"].findings
    assert render(shuffled(findings), RULES) == render(shuffled(findings[::-1]), list(reversed(RULES)))
    assert render(shuffled(findings), RULES) != render(
        shuffled([replace(findings[0], confidence=Confidence.LOW), *findings[1:]]), RULES
    )


def test_the_registry_has_it() -> None:
    assert FORMATS["json"](REPORTS["full"], Display(rules=lambda: RULES)) == render(REPORTS["full"], RULES)

"""The page without a browser: what is in it, the drawing, and that nothing from outside becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplint.findings import Confidence, Finding, Lock, Mask, Place, Report, Step, Suppression, Thread, Way
from gfplint.report.formats import FORMATS, Display
from gfplint.report.html import render
from gfplint.report.html.graph import ALLOCATIONS_SHOWN, Graph, Node, graph
from gfplint.report.html.layout import Drawing, lay_out
from gfplint.report.html.sources import Sources
from gfplint.report.html.view import Held, StepView, finding_views, waits_of
from tests.reports import BALLOON, LOCK, NOTES, balloon_finding, chain_finding, report
from tests.rule_texts import RULES

HOSTILE = "</script></style><script>hurt()</script><img src=x onerror='hurt()'>\"'`{{7*7}}\x1b[2J\u202e&lt;"


def hostile_finding(path: str = f"a/{HOSTILE.replace('/', '')}.c") -> Finding:
    """A finding in which everything that can come from a source is hostile."""
    place = Place(path, 2, 1, 4)
    step = Step("acquire", HOSTILE, f"takes {HOSTILE}", place)
    wait = Step("wait", HOSTILE, f"waits for {HOSTILE}", place)
    return Finding(
        rule="GFP001",
        place=place,
        function=HOSTILE,
        message=HOSTILE,
        confidence=Confidence.LOW,
        facts=(HOSTILE,),
        threads=(
            Thread(HOSTILE, (step, Step("reclaim", HOSTILE, HOSTILE, None))),
            Thread(HOSTILE, (Step("register", HOSTILE, HOSTILE, place), wait)),
        ),
        lock=Lock(HOSTILE, HOSTILE, place, HOSTILE),
        mask=Mask(HOSTILE, (HOSTILE,), (HOSTILE,), HOSTILE),
        ways=(Way(HOSTILE, HOSTILE),),
        unsaved=(HOSTILE,),
        fixes=(HOSTILE,),
        also=((place, HOSTILE),),
        fingerprint=HOSTILE,
    )


class Elements(HTMLParser):
    """Every element's name and attributes, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def hostile_report(root: Path) -> Report:
    """A tree with a hostile file in it, and everything else about the report hostile too."""
    finding = hostile_finding()
    file = root / finding.place.path
    file.parent.mkdir(parents=True)
    file.write_text(f"first\n{HOSTILE}\nthird\n", encoding="utf-8")
    notes = tuple(replace(note, path=HOSTILE, text=HOSTILE) for note in NOTES)
    given = replace(report(finding, notes=notes), root=str(root), kernel_version=HOSTILE, paths=[HOSTILE])
    return given


# ------------------------------------------------------------------------------------- safety


def test_nothing_from_the_sources_becomes_markup(tmp_path: Path) -> None:
    harmless = Elements(render(report(balloon_finding(), notes=NOTES), RULES))
    page = render(hostile_report(tmp_path), RULES)
    hostile = Elements(page)
    assert {tag for tag, _ in hostile.found} <= {tag for tag, _ in harmless.found} | {"mark", "pre"}
    assert len(hostile.named("script")) == len(hostile.named("style")) == 1
    assert [name for _, attributes in hostile.found for name in attributes if name.startswith("on")] == []
    assert hostile.named("img") == []
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "{{7*7}}" in page
    assert "hurt()" in "".join(hostile.texts)


def test_every_link_stays_on_the_page(tmp_path: Path) -> None:
    page = Elements(render(hostile_report(tmp_path), RULES))
    for _, attributes in page.found:
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))
        assert "src" not in attributes
        assert "style" not in attributes, "the policy would refuse it"
    assert all(" " not in (link["href"] or "") for link in page.named("a"))


def test_the_policy_allows_this_style_and_script_only() -> None:
    page = render(report(balloon_finding()), RULES)
    [policy] = [
        meta["content"] for meta in Elements(page).named("meta") if "Policy" in (meta.get("http-equiv") or "")
    ]
    assert policy is not None
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for element in ("style", "script"):
        [text] = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{element}-src"] == f"'sha256-{digest}'"
    assert not re.search(r"https?:|@import|url\((?!#)", page)


# ------------------------------------------------------------------------------------- content


def test_everything_of_a_finding_is_there() -> None:
    text = "".join(Elements(render(report(balloon_finding()), RULES)).texts)
    finding = balloon_finding()
    assert finding.message in text
    for sentence in (*finding.facts, *finding.unsaved, *finding.fixes, *(way.why for way in finding.ways)):
        assert sentence in text
    for thread in finding.threads:
        assert thread.title in text
    assert "thread 2 waits for struct virtio_balloon.balloon_lock, which thread 1 holds" in text


def test_only_what_calls_for_action_is_shown() -> None:
    allowed = replace(balloon_finding(), suppression=Suppression(Place("a.c", 1, 1), "tested"))
    page = Elements(render(report(allowed, replace(chain_finding(), baseline="unchanged")), RULES))
    assert page.named("article") == []
    assert page.named("form") == []
    assert "There is none." in page.texts


def test_the_surest_come_first_and_keys_are_unique() -> None:
    low = replace(balloon_finding(), confidence=Confidence.LOW, place=Place("a.c", 1, 1))
    page = Elements(render(report(low, balloon_finding()), RULES))
    articles = page.named("article")
    assert [article["data-confidence"] for article in articles] == ["high", "low"]
    identities = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(identities) == len(set(identities))


def test_equal_findings_give_equal_pages() -> None:
    first = report(balloon_finding(), chain_finding(), notes=NOTES)
    second = replace(first, findings=first.findings[::-1], notes=first.notes[::-1])
    assert render(first, RULES) == FORMATS["html"](second, Display(rules=lambda: RULES[::-1]))


def test_steps_after_a_lock_are_inside_the_stretch_in_which_it_is_held() -> None:
    [view] = finding_views([balloon_finding()], Sources(None), {})
    [held] = view.lanes[0].items
    assert isinstance(held, Held)
    assert held.lock == LOCK
    steps = [item for item in held.items if isinstance(item, StepView)]
    assert [step.step.kind for step in steps] == ["acquire", "call", "allocate", "reclaim"]
    assert [step.last for step in steps] == [False, False, False, True]


def test_who_waits_for_whom() -> None:
    waits = [(wait.waiting, wait.holder, wait.what) for wait in waits_of(balloon_finding())]
    assert waits == [(1, 2, "memory"), (2, 1, LOCK)]
    assert waits_of(chain_finding()) == []


def chain_of_three() -> Finding:
    """A chain of two locks between the allocation and the callback."""
    place = Place("a.c", 1, 1)
    return replace(
        balloon_finding(),
        lock=Lock("struct b.lock", "mutex", place, "f"),
        threads=(
            Thread(
                "thread 1: allocates",
                (
                    Step("acquire", "f", "takes struct b.lock", place),
                    Step("reclaim", "kmalloc", "enters direct reclaim", None),
                ),
            ),
            Thread(
                "thread 2: holds one and waits for the other",
                (
                    Step("acquire", "g", "takes struct a.lock", place),
                    Step("wait", "g", "waits for struct b.lock", place),
                ),
            ),
            Thread(
                "thread 3: a thread that reclaims memory",
                (
                    Step("register", "init", "registered scan()", place),
                    Step("wait", "scan", "waits for struct a.lock", place),
                ),
            ),
        ),
    )


def test_a_chain_of_three_threads() -> None:
    waits = [(wait.waiting, wait.holder, wait.what) for wait in waits_of(chain_of_three())]
    assert waits == [(1, 3, "memory"), (2, 1, "struct b.lock"), (3, 2, "struct a.lock")]
    edges = {
        (start.split(" ", 1)[1], end.split(" ", 1)[1]): meaning
        for (start, end), meaning in graph([chain_of_three()]).edges.items()
    }
    assert edges["struct a.lock", "struct b.lock"] == "is held while waiting for"
    page = Elements(render(report(chain_of_three()), RULES))
    assert [a for a in page.named("div") if (a.get("class") or "").startswith("around")]
    assert len([a for a in page.named("section") if (a.get("class") or "").startswith("lane ")]) == 3


# ------------------------------------------------------------------------------------- sources


def test_source_lines_around_a_step(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_bytes(b"one\n\n\tcall(x);\r\n\x0cfour\n\nsix\xff\n")
    lines = Sources(str(tmp_path)).around(Place("a.c", 3, 2))
    assert [(line.number, line.current) for line in lines] == [(1, False), (2, False), (3, True), (4, False)]
    assert (lines[2].before, lines[2].marked, lines[2].after) == ("\t", "call", "(x);")
    assert Sources(str(tmp_path)).around(Place("a.c", 3, 2, 9))[2].marked == "call(x)"


@pytest.mark.parametrize("path", ["../secret.c", "a/../../secret.c", "missing.c", ".", "a\x00.c", "a.c/x"])
def test_no_lines_of_what_is_not_a_file_of_the_tree(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.c").write_text("secret\n")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.c").write_text("one\n")
    assert Sources(str(tmp_path / "tree")).around(Place(path, 1, 1)) == []
    assert Sources(None).around(Place("a.c", 1, 1)) == []
    assert Sources(str(tmp_path / "tree")).around(Place("a.c", 99, 1)) == []


def test_lines_of_a_file_that_was_checked_outside_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "mine.c").write_text("one\n")
    (tmp_path / "tree").mkdir()
    [line] = Sources(str(tmp_path / "tree")).around(Place(str(tmp_path / "mine.c"), 1, 1))
    assert (line.number, line.marked) == (1, "one")


# --------------------------------------------------------------------------------------- graph


def test_the_graph_of_the_balloon() -> None:
    found = graph([balloon_finding()])
    assert [(node.kind, node.label) for node in found.nodes.values()] == [
        ("lock", LOCK),
        ("allocation", "fill_balloon()"),
        ("callback", "virtballoon_oom_notify()"),
        ("context", "OOM notifier"),
    ]
    drawing = lay_out(found)
    assert drawing is not None
    lefts = {box.node.kind: box.x for box in drawing.boxes}
    assert lefts["context"] < lefts["callback"] < lefts["lock"] < lefts["allocation"]
    assert BALLOON in {box.node.detail for box in drawing.boxes}


def test_many_allocations_under_one_lock_share_a_node() -> None:
    findings = [replace(balloon_finding(), function=f"f{number}") for number in range(30)]
    nodes = [node for node in graph(findings).nodes.values() if node.kind == "allocation"]
    assert len(nodes) == ALLOCATIONS_SHOWN
    assert nodes[-1].label == f"{30 - ALLOCATIONS_SHOWN + 1} more functions"
    assert sorted({number for node in nodes for number in node.findings}) == list(range(30))


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    return [
        (one.label, other.label)
        for position, one in enumerate(drawing.boxes)
        for other in drawing.boxes[position + 1 :]
        if one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 8),
    st.integers(1, 10),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), min_size=1, max_size=25),
)
def test_boxes_never_overlap_and_stay_inside(
    callbacks: int, locks: int, order: list[tuple[int, int]], waits: list[tuple[int, int]]
) -> None:
    drawn = Graph()
    for number in range(callbacks):
        drawn.add(f"c{number}", Node("callback", f"callback_{number}" * (number + 1), "a.c", ""), 0)
    for number in range(locks):
        drawn.add(f"l{number}", Node("lock", f"struct s{number}.lock", "", ""), 0)
        drawn.add(f"a{number}", Node("allocation", f"f{number}()", "b.c", ""), 0)
        drawn.connect(f"l{number}", f"a{number}", "is held while it allocates")
    drawn.add("x", Node("context", "reclaim", "", ""), 0)
    for callback, lock in waits:
        drawn.connect("x", f"c{callback % callbacks}", "calls")
        drawn.connect(f"c{callback % callbacks}", f"l{lock % locks}", "waits for")
    for one, other in order:  # circles among them
        drawn.connect(f"l{one % locks}", f"l{other % locks}", "is held while waiting for")
    drawing = lay_out(drawn)
    assert drawing is not None
    assert len(drawing.boxes) == len(drawn.nodes)
    assert len(drawing.edges) == len(drawn.edges)
    assert overlapping(drawing) == []
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height
    backwards = [edge for edge in drawing.edges if edge.backwards]
    assert bool(backwards) == has_circle(drawn)


def has_circle(drawn: Graph) -> bool:
    left = dict(drawn.edges)
    while True:
        starts = {start for start, _ in left}
        rest = {edge: meaning for edge, meaning in left.items() if edge[1] in starts}
        if len(rest) == len(left):
            return bool(left)
        left = rest

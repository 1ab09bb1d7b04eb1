"""A layered drawing of a graph, left to right, as coordinates for SVG.

The usual four steps (Sugiyama): make it acyclic, put nodes into layers, order the layers so that few edges
cross, find heights. Layers are given by what nodes are: contexts, callbacks, locks in their order,
allocations. Boxes are sized by their labels, which the page sets in a fixed-width font, so that nothing
overlaps in any browser. Everything is decided by the order of the nodes: equal graphs are drawn equally.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gfplint.report.html.graph import Graph, Node

_CHARACTER = 7.3
"""Width in pixels of a character of the label, at the 12 pixels of page.css; detail lines are set smaller."""
_DETAIL = 6.1
_LONGEST = 33
_PAD_X, _BOX, _BOX_LOW = 12, 42, 28
_GAP_X, _GAP_Y = 64, 14
_MARGIN, _BUS = 20, 28


@dataclass(frozen=True, slots=True)
class Box:
    """A node: its corner and size in pixels, its texts shortened to fit."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    label: str
    detail: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from one node to another as the ``d`` of an SVG path, and what it means in a sentence.

    Paths run left to right; ``backwards`` says that the arrow's tip is at the left end, as one edge of every
    circle of locks must be.
    """

    path: str
    backwards: bool
    sentence: str
    findings: Sequence[int]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything drawn; ``back`` leads from the allocations around to the contexts, in one path each way."""

    width: float
    height: float
    boxes: Sequence[Box]
    edges: Sequence[Edge]
    leaving: Sequence[str]
    back: str
    entering: Sequence[str]
    caption: tuple[float, float]


@dataclass(slots=True)
class _Slot:
    """A place in a layer: a node, or the bend of an edge that passes."""

    key: str
    node: Node | None
    layer: int
    height: float
    y: float = 0.0


def lay_out(graph: Graph) -> Drawing | None:
    """The drawing, or None of a graph without edges."""
    if not graph.edges:
        return None
    forward = _acyclic(graph)
    layers_of = _layers(graph, forward)
    slots, links, chains = _slots(graph, forward, layers_of)
    layers = _ordered(slots, links)
    _heights(layers, links)
    return _drawing(graph, layers, chains, forward)


# --------------------------------------------------------------------------------------- layers


def _acyclic(graph: Graph) -> dict[tuple[str, str], tuple[str, str]]:
    """For each edge, the direction in which it is laid out: against its own where it would close a circle."""
    state: dict[str, int] = {}
    forward: dict[tuple[str, str], tuple[str, str]] = {}
    ends: dict[str, list[str]] = {key: [] for key in graph.nodes}
    for start, end in graph.edges:
        ends[start].append(end)
    for root in graph.nodes:
        stack = [(root, iter(ends[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            key, rest = stack[-1]
            for end in rest:
                forward[key, end] = (end, key) if state.get(end) == 1 else (key, end)
                if end not in state:
                    state[end] = 1
                    stack.append((end, iter(ends[end])))
                    break
            else:
                state[key] = 2
                stack.pop()
    return forward


def _layers(graph: Graph, forward: dict[tuple[str, str], tuple[str, str]]) -> dict[str, int]:
    """Contexts first, callbacks next, then locks by the longest way to them, allocations last."""
    least = {"context": 0, "callback": 1, "lock": 2, "allocation": 2}
    layer = {key: least[node.kind] for key, node in graph.nodes.items()}
    for _ in graph.nodes:  # the longest way has at most that many edges
        changed = False
        for start, end in forward.values():
            if layer[end] <= layer[start]:
                layer[end] = layer[start] + 1
                changed = True
        if not changed:
            break
    deepest = max((layer[key] for key, node in graph.nodes.items() if node.kind == "lock"), default=1)
    last = max(deepest + 1, *(layer[key] for key in graph.nodes))
    for key, node in graph.nodes.items():
        if node.kind == "allocation":
            layer[key] = last
    used = {number: position for position, number in enumerate(sorted(set(layer.values())))}
    return {key: used[number] for key, number in layer.items()}


_Links = dict[str, list[str]]


def _slots(
    graph: Graph, forward: dict[tuple[str, str], tuple[str, str]], layer: dict[str, int]
) -> tuple[dict[str, _Slot], _Links, dict[tuple[str, str], list[str]]]:
    """Slots for nodes and bends, the links between slots of neighbouring layers, and each edge's chain."""
    slots = {
        key: _Slot(key, node, layer[key], _BOX if node.detail else _BOX_LOW)
        for key, node in graph.nodes.items()
    }
    links: _Links = {key: [] for key in slots}
    chains: dict[tuple[str, str], list[str]] = {}
    for edge, (start, end) in forward.items():
        chain = [start]
        for number in range(layer[start] + 1, layer[end]):
            bend = f"bend {number} {start} > {end}"
            if bend not in slots:
                slots[bend] = _Slot(bend, None, number, 6)
                links[bend] = []
            chain.append(bend)
        chain.append(end)
        for one, other in pairwise(chain):
            if other not in links[one]:
                links[one].append(other)
                links[other].append(one)
        chains[edge] = chain
    return slots, links, chains


# ------------------------------------------------------------------------------- order, heights


def _ordered(slots: dict[str, _Slot], links: _Links) -> list[list[_Slot]]:
    """The layers from top to bottom: depth first, which leaves a tree without crossings, then by means."""
    layers: list[list[_Slot]] = [[] for _ in range(max(slot.layer for slot in slots.values()) + 1)]
    seen: set[str] = set()
    for root in sorted(slots, key=lambda key: slots[key].layer):
        stack = [root]
        while stack:
            key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            layers[slots[key].layer].append(slots[key])
            stack.extend(reversed(links[key]))
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(8):
        forwards = sweep % 2 == 0
        numbers = range(1, len(layers)) if forwards else range(len(layers) - 2, -1, -1)
        for number in numbers:
            other = layers[number - 1 if forwards else number + 1]
            position = {slot.key: float(index) for index, slot in enumerate(other)}
            own = {slot.key: float(index) for index, slot in enumerate(layers[number])}
            layers[number].sort(key=lambda slot: _mean(links[slot.key], position, own[slot.key]))
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _mean(keys: Sequence[str], position: dict[str, float], otherwise: float) -> float:
    known = [position[key] for key in keys if key in position]
    return sum(known) / len(known) if known else otherwise


def _crossings(layers: Sequence[Sequence[_Slot]], links: _Links) -> int:
    """How many pairs of links cross, counted as inversions."""
    crossings = 0
    for left, right in pairwise(layers):
        position = {slot.key: index for index, slot in enumerate(right)}
        ends: list[int] = []
        for slot in left:
            ends.extend(sorted(position[key] for key in links[slot.key] if key in position))
        crossings += _inversions(ends)
    return crossings


def _inversions(numbers: list[int]) -> int:
    seen: list[int] = []
    found = 0
    for number in numbers:
        at = bisect.bisect_right(seen, number)
        found += len(seen) - at
        seen.insert(at, number)
    return found


def _heights(layers: Sequence[list[_Slot]], links: _Links) -> None:
    """Set each slot's middle: near the mean of its neighbours, in order, with a gap between any two."""
    for layer in layers:
        y = 0.0
        for slot in layer:
            slot.y = y + slot.height / 2
            y += slot.height + _GAP_Y
    by_key = {slot.key: slot for layer in layers for slot in layer}
    for sweep in range(12):
        for layer in layers if sweep % 2 == 0 else list(reversed(layers)):
            wished = [
                sum(by_key[key].y for key in links[slot.key]) / len(links[slot.key])
                if links[slot.key]
                else slot.y
                for slot in layer
            ]
            _place(layer, wished)
    top = min(slot.y - slot.height / 2 for slot in by_key.values())
    for slot in by_key.values():
        slot.y += _MARGIN - top


def _place(layer: list[_Slot], wished: Sequence[float]) -> None:
    """The heights nearest to the wished ones that keep order and gaps.

    Neighbours that would collide move as one block.
    """
    offset, offsets = 0.0, []
    for position, slot in enumerate(layer):
        if position:
            offset += (layer[position - 1].height + slot.height) / 2 + _GAP_Y
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # the mean of (wished - offset), and of how many
    for wish, shift in zip(wished, offsets, strict=True):
        mean, size = wish - shift, 1
        while blocks and blocks[-1][0] >= mean:
            above, count = blocks.pop()
            mean, size = (above * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    position = 0
    for mean, size in blocks:
        for _ in range(size):
            layer[position].y = mean + offsets[position]
            position += 1


# -------------------------------------------------------------------------------------- drawing


def _drawing(
    graph: Graph,
    layers: Sequence[Sequence[_Slot]],
    chains: dict[tuple[str, str], list[str]],
    forward: dict[tuple[str, str], tuple[str, str]],
) -> Drawing:
    lefts, widths = [], []
    x = float(_MARGIN + _BUS)
    for layer in layers:
        width = max((_width(slot.node) for slot in layer if slot.node), default=20.0)
        lefts.append(x)
        widths.append(width)
        x += width + _GAP_X
    right = x - _GAP_X + _BUS
    slots = {slot.key: slot for layer in layers for slot in layer}
    bottom = max(slot.y + slot.height / 2 for slot in slots.values()) + _BUS

    def start(slot: _Slot) -> tuple[float, float]:
        return lefts[slot.layer], slot.y

    def end(slot: _Slot) -> tuple[float, float]:
        return lefts[slot.layer] + widths[slot.layer], slot.y

    boxes = [
        Box(
            slot.node,
            round(lefts[slot.layer], 1),
            round(slot.y - slot.height / 2, 1),
            round(widths[slot.layer], 1),
            slot.height,
            _short(slot.node.label),
            _short(slot.node.detail, int(_LONGEST * _CHARACTER / _DETAIL)),
        )
        for layer in layers
        for slot in layer
        if slot.node
    ]
    edges = []
    for edge, meaning in graph.edges.items():
        chain = [slots[key] for key in chains[edge]]
        points = [end(chain[0])]
        for slot in chain[1:-1]:
            points += [start(slot), end(slot)]
        points.append(start(chain[-1]))
        one, other = graph.nodes[edge[0]], graph.nodes[edge[1]]
        shared = [number for number in one.findings if number in set(other.findings)]
        edges.append(
            Edge(_curve(points), forward[edge] != edge, f"{one.label} {meaning} {other.label}", shared)
        )
    leaving = [end(slot) for slot in slots.values() if slot.node and slot.node.kind == "allocation"]
    entering = [start(slot) for slot in slots.values() if slot.node and slot.node.kind == "context"]
    left = float(_MARGIN)
    back = ""
    if leaving and entering:
        back = (
            f"M{_n(right)} {_n(min(y for _, y in leaving))}V{_n(bottom)}H{_n(left)}"
            f"V{_n(min(y for _, y in entering))}"
        )
    return Drawing(
        width=round(right + _MARGIN, 1),
        height=round(bottom + _MARGIN, 1),
        boxes=boxes,
        edges=edges,
        leaving=[f"M{_n(x)} {_n(y)}H{_n(right)}" for x, y in leaving] if back else [],
        back=back,
        entering=[f"M{_n(left)} {_n(y)}H{_n(x)}" for x, y in entering] if back else [],
        caption=(round((left + right) / 2, 1), round(bottom, 1)),
    )


def _width(node: Node) -> float:
    label = len(_short(node.label)) * _CHARACTER
    detail = len(_short(node.detail, int(_LONGEST * _CHARACTER / _DETAIL))) * _DETAIL
    return max(label, detail) + 2 * _PAD_X


def _short(text: str, longest: int = _LONGEST) -> str:
    """The text, its middle left out where it is too long: names differ at their ends."""
    if len(text) <= longest:
        return text
    head = (longest - 1) // 2
    return f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}"


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Through all points; horizontal at each, and straight past the bends."""
    (x, y), *rest = points
    path = f"M{_n(x)} {_n(y)}"
    for next_x, next_y in rest:
        if next_y == y:
            path += f"H{_n(next_x)}"
        else:
            middle = (x + next_x) / 2
            path += f"C{_n(middle)} {_n(y)} {_n(middle)} {_n(next_y)} {_n(next_x)} {_n(next_y)}"
        x, y = next_x, next_y
    return path


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")

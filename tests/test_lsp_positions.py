"""Lines and columns between ours and the protocol's."""

from __future__ import annotations

import pytest

pytest.importorskip("pygls", reason="the extra 'lsp' isn't installed")

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from gfplint.frontend.source import split
from gfplint.kernel.kconfig import Config
from gfplint.lsp.positions import Text
from gfplint.lsp.settings import arguments


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 11), ("utf-16", 6), ("utf-32", 5)])
def test_units(encoding: str, units: int) -> None:
    text = Text("\n\té\U0001f388€x;\n", encoding)
    assert text.position(2, 6) == Position(1, units)


def test_lone_carriage_returns_end_lines_there_only() -> None:
    text = Text("a\rb\r\nc\fd\n", "utf-16")
    assert text.position(1, 3) == Position(1, 0)
    assert text.position(2, 3) == Position(2, 2)
    assert text.place(Position(1, 0)) == (1, 3)


def test_behind_the_end_is_the_end() -> None:
    text = Text("ab\n", "utf-16")
    assert text.position(9, 9) == Position(1, 0)
    assert text.place(Position(0, 99)) == (1, 3)
    assert text.place(Position(99, 0)) == (2, 1)


@given(st.text(alphabet="ab\té\U0001f388\r\n\f"), st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.data())
def test_there_and_back(content: str, encoding: str, data: st.DataObject) -> None:
    text = Text(content, encoding)
    line = data.draw(st.integers(1, text.lines))
    length = len(text.line(line).rstrip("\r"))
    column = data.draw(st.integers(1, length + 1))
    assert text.place(text.position(line, column)) == (line, column)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_offsets_of_places_are_the_places_of_offsets(data: bytes, offset: int) -> None:
    file = split("x.c", data.decode("utf-8", "ignore").encode(), Config(None, "x86", None))
    text = file.data.decode()
    offset = len(text[:offset].encode())
    assert file.offset(*file.position(offset)) == offset


def test_settings() -> None:
    given, wrong = arguments(
        {"minConfidence": "low", "select": ["GFP001", "GFP002"], "kernel": None, "trace": {}}
    )
    assert given == ("--min-confidence=low", "--select=GFP001", "--select=GFP002")
    assert wrong == []
    given, wrong = arguments({"kernal": "x", "arch": True})
    assert given == ()
    assert len(wrong) == 2
    assert "Did you mean 'kernel'?" in wrong[1]

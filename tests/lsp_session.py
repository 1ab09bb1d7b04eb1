"""A client for tests of the language server: a real session over standard input and output.

pygls' own client speaks the protocol; this one remembers what the server published, and waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

CHECKOUT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0
"""Seconds after which a test gives up; no test is about time."""


class Editor(LanguageClient):
    """What an editor knows: diagnostics by path, messages, and progress that it was shown."""

    def __init__(self) -> None:
        super().__init__("test-editor", "1")
        self.published: dict[Path, list[types.Diagnostic]] = {}
        self.times: dict[Path, int] = {}
        """How often something was published for a path."""
        self.said: list[str] = []
        self.logged: list[str] = []
        self.bars: list[Any] = []
        self.settings: Any = None
        self.news = asyncio.Event()

        self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(functools.partial(self._published))
        self.feature(types.WINDOW_SHOW_MESSAGE)(functools.partial(self._said))
        self.feature(types.WINDOW_LOG_MESSAGE)(functools.partial(self._logged))
        self.feature(types.PROGRESS)(functools.partial(self._progressed))
        self.feature(types.WORKSPACE_CONFIGURATION)(functools.partial(self._configuration))
        self.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)(functools.partial(self._created))

    def _published(self, params: types.PublishDiagnosticsParams) -> None:
        path = Path(params.uri.removeprefix("file://"))
        self.published[path] = list(params.diagnostics)
        self.times[path] = self.times.get(path, 0) + 1
        self.news.set()

    def _said(self, params: types.ShowMessageParams) -> None:
        self.said.append(params.message)
        self.news.set()

    def _logged(self, params: types.LogMessageParams) -> None:
        self.logged.append(params.message)
        self.news.set()

    def _progressed(self, params: types.ProgressParams) -> None:
        self.bars.append((params.token, params.value))
        self.news.set()

    def _configuration(self, params: types.ConfigurationParams) -> list[Any]:
        return [self.settings for _ in params.items]

    def _created(self, params: types.WorkDoneProgressCreateParams) -> None:
        return None

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that the server sent makes the condition true."""

        async def wait() -> None:
            while not condition():
                self.news.clear()
                await self.news.wait()

        try:
            await asyncio.wait_for(wait(), PATIENCE)
        except TimeoutError:
            raise AssertionError(f"nothing happened; said {self.said}, logged {self.logged}") from None

    async def after(self, path: Path, act: Callable[[], None]) -> list[types.Diagnostic]:
        """What is published for a path next, after doing something."""
        before = self.times.get(path, 0)
        act()
        await self.until(lambda: self.times.get(path, 0) > before)
        return self.published[path]

    def open(self, path: Path, text: str | None = None) -> None:
        """Open a file; ``text`` if the buffer has something else than the disk."""
        text = path.read_bytes().decode() if text is None else text
        item = types.TextDocumentItem(path.as_uri(), "c", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def save(self, path: Path, text: str) -> None:
        """Edit a file and save it."""
        document = types.VersionedTextDocumentIdentifier(2, path.as_uri())
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        path.unlink()  # it may be a link to a tree that must stay as it is
        path.write_text(text, encoding="utf-8", newline="")
        self.saved(path)

    def saved(self, path: Path) -> None:
        """Say that a file was saved."""
        identifier = types.TextDocumentIdentifier(path.as_uri())
        self.text_document_did_save(types.DidSaveTextDocumentParams(identifier))

    def close(self, path: Path) -> None:
        """Close a file."""
        identifier = types.TextDocumentIdentifier(path.as_uri())
        self.text_document_did_close(types.DidCloseTextDocumentParams(identifier))

    async def hover(self, path: Path, line: int, character: int) -> types.Hover | None:
        """Point at a position, in the protocol's counting."""
        identifier = types.TextDocumentIdentifier(path.as_uri())
        params = types.HoverParams(identifier, types.Position(line, character))
        return await asyncio.wait_for(self.text_document_hover_async(params), PATIENCE)

    async def hover_text(self, path: Path, line_with: str, word: str) -> str:
        """What is shown for the first such word on the first line that contains a text; "" for nothing."""
        lines = path.read_text(encoding="utf-8").split("\n")
        number = next(number for number, line in enumerate(lines) if line_with in line)
        found = await self.hover(path, number, len(lines[number].split(word)[0].encode("utf-16-le")) // 2)
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value


def capabilities(**changes: Any) -> types.ClientCapabilities:
    """What this editor can do: everything that the server asks for."""
    given: dict[str, Any] = {
        "window": types.WindowClientCapabilities(work_done_progress=True),
        "text_document": types.TextDocumentClientCapabilities(
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=True)
        ),
    }
    return types.ClientCapabilities(**given | changes)


@asynccontextmanager
async def editing(
    folder: Path, options: Any = None, able: types.ClientCapabilities | None = None, settings: Any = None
) -> AsyncIterator[Editor]:
    """A session from initialize to exit; the server must leave with 0."""
    editor = Editor()
    editor.settings = settings
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    await editor.start_io(sys.executable, "-m", "gfplint.lsp", cwd=folder, env=environment)
    starting = editor.initialize_async(
        types.InitializeParams(
            capabilities=able or capabilities(),
            process_id=os.getpid(),
            root_uri=folder.as_uri(),
            initialization_options=options,
        )
    )
    await asyncio.wait_for(starting, PATIENCE)
    editor.initialized(types.InitializedParams())
    try:
        yield editor
        await asyncio.wait_for(editor.shutdown_async(None), PATIENCE)
        editor.exit(None)
        assert editor._server is not None
        assert await asyncio.wait_for(editor._server.wait(), PATIENCE) == 0
    finally:
        if editor._server is not None and editor._server.returncode is None:
            editor._server.kill()
        stop: Any = editor.stop  # pygls has no type for it
        # It waits for the end of the server's output, which a process of the server's may still hold open.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop(), 10)


def in_session(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine, as pytest runs it: in an event loop of its own."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    return run

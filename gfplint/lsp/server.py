"""The protocol's requests and notifications, and what each of them starts."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from gfplint import __version__
from gfplint.findings import Place, Report
from gfplint.lsp import render, settings
from gfplint.lsp.positions import Text
from gfplint.lsp.trees import Bar, Tree

if TYPE_CHECKING:
    from pygls.server import ServerErrors

_SECTION = "gfplint"
_NEAR = 200
"""Lines up and down in which a line of an unsaved buffer is looked for in the saved file."""


class Server(LanguageServer):
    """One editor's session; the :class:`gfplint.lsp.trees.Front` of all its trees."""

    def __init__(self) -> None:
        # The whole text with each change: pygls cuts lines at form feeds, too, when it applies parts.
        super().__init__("gfplint-lsp", __version__, types.TextDocumentSyncKind.Full)
        self.arguments: tuple[str, ...] = ()
        self.in_order = False
        """Whether the client asked for the shutdown before it went."""
        self._trees: dict[Path, Tree] = {}
        self._cancels: dict[types.ProgressToken, Callable[[], None]] = {}
        self._given: object = None
        self._reporting = False

    # ------------------------------------------------------------------------------- trees

    def tree(self, path: Path) -> Tree:
        """The tree that a file belongs to."""
        from gfplint.kernel.tree import find_root

        root = find_root(path)
        if root not in self._trees:
            self._trees[root] = Tree(root, self)
        return self._trees[root]

    def left(self, tree: Tree) -> None:
        """Forget a tree of which no file is open any more."""
        if not tree.in_use:
            self._trees.pop(tree.root, None)

    def trees(self) -> list[Tree]:
        """All trees with open files."""
        return list(self._trees.values())

    def configure(self, given: object) -> None:
        """Take the editor's settings; everything is looked at again where they have changed."""
        if given == self._given:
            return
        self._given = given
        self.arguments, wrong = settings.arguments(given)
        for sentence in wrong:
            self.say(sentence)
        for tree in self.trees():
            tree.configured()

    async def fetch_settings(self) -> None:
        """Ask the editor for its settings, where it answers that; an answer of nothing changes nothing."""
        workspace = self.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return
        with contextlib.suppress(Exception):
            # A client that promised an answer and has none to give is as good as one without settings.
            (given,) = await self.workspace_configuration_async(
                types.ConfigurationParams([types.ConfigurationItem(section=_SECTION)])
            )
            if given:
                self.configure(given)

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        """Tell the editor, once: pygls sends a message for a message that couldn't be sent, and so on without
        end where the editor has gone.
        """
        if self._reporting:
            return
        self._reporting = True
        try:
            super().report_server_error(error, source)
        finally:
            self._reporting = False

    # ------------------------------------------------------------------------------- front

    def publish(
        self, report: Report, documents: dict[Path, str], closed: set[Path], before: set[str]
    ) -> set[str]:
        """See :class:`gfplint.lsp.trees.Front`."""
        text_document = self.client_capabilities.text_document
        can = text_document.publish_diagnostics if text_document is not None else None
        diagnostics = render.Diagnostics(
            report, documents, self.encoding, related=bool(can and can.related_information)
        )
        shown = {
            diagnostics.uri(path): found
            for path, found in diagnostics.by_path().items()
            if path not in closed
        }
        for uri in sorted({*before, *documents.values(), *shown}):
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown.get(uri, [])))
        return set(shown)

    def clear(self, uri: str) -> None:
        """See :class:`gfplint.lsp.trees.Front`."""
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def say(self, sentence: str) -> None:
        """See :class:`gfplint.lsp.trees.Front`."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"gfplint: {sentence}"))

    def log(self, sentence: str) -> None:
        """See :class:`gfplint.lsp.trees.Front`."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, sentence))

    async def bar(self, title: str, cancel: Callable[[], None]) -> Bar | None:
        """See :class:`gfplint.lsp.trees.Front`."""
        window = self.client_capabilities.window
        if window is None or not window.work_done_progress:
            return None
        token = f"gfplint-{uuid.uuid4()}"
        try:
            await self.work_done_progress.create_async(token)
        except Exception:  # the client refuses: then there is no bar
            return None
        self._cancels[token] = cancel
        begin = types.WorkDoneProgressBegin(title=title, cancellable=True, message="checking", percentage=0)
        self.work_done_progress.begin(token, begin)
        return _Bar(self, token)

    def bar_ended(self, token: types.ProgressToken) -> None:
        """A bar was taken away."""
        self._cancels.pop(token, None)
        self.work_done_progress.tokens.pop(token, None)

    def bar_cancelled(self, token: types.ProgressToken) -> None:
        """The user doesn't want to wait."""
        cancel = self._cancels.get(token)
        if cancel is not None:
            cancel()

    @property
    def encoding(self) -> str:
        """What the client's columns count."""
        return str(self.workspace.position_encoding or types.PositionEncodingKind.Utf16.value)

    # ------------------------------------------------------------------------------- hover

    async def hover(self, uri: str, position: types.Position) -> types.Hover | None:
        """The lock or mask at a position of a buffer, as the saved file has it."""
        path = c_file(uri)
        if path is None:
            return None
        buffer = Text(self.workspace.get_text_document(uri).source, self.encoding)
        line, column = buffer.place(position)
        try:
            saved = Text.of(path.read_bytes(), self.encoding)
        except OSError:
            return None
        on_disk = _same_line(buffer, saved, line)
        if on_disk is None:
            return None
        answer = await self.tree(path).hover(path, on_disk, column)
        if answer is None:
            return None
        word = types.Range(
            buffer.position(line, answer.place.column), buffer.position(line, answer.place.end_column)
        )
        root = Path(answer.root)

        def link(place: Place) -> str:
            return f"{from_fs_path(str(root / place.path))}#L{place.line}"

        text_document = self.client_capabilities.text_document
        can = text_document.hover if text_document is not None else None
        kinds = can.content_format if can is not None else None
        markdown = not kinds or types.MarkupKind.Markdown in kinds
        kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
        value = render.hover(answer, link if markdown else None)
        return types.Hover(types.MarkupContent(kind, value), word)


class _Bar:
    """Progress as the protocol shows it."""

    def __init__(self, server: Server, token: types.ProgressToken) -> None:
        self._server = server
        self._token = token

    def report(self, stage: str, done: int, total: int) -> None:
        """See :class:`gfplint.lsp.trees.Bar`."""
        percentage = 100 * done // total if total else None
        self._server.work_done_progress.report(
            self._token, types.WorkDoneProgressReport(message=stage, percentage=percentage)
        )

    async def end(self) -> None:
        """See :class:`gfplint.lsp.trees.Bar`."""
        self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
        self._server.bar_ended(self._token)


def c_file(uri: str) -> Path | None:
    """The path of a C file's address, None for anything else."""
    path = to_fs_path(uri)
    return Path(path) if path is not None and path.endswith((".c", ".h")) else None


def _same_line(buffer: Text, saved: Text, line: int) -> int | None:
    """Where the saved file has a line of the buffer: the same number, or the nearest equal one."""
    wanted = buffer.line(line).rstrip("\r")
    for distance in range(_NEAR):
        for number in (line - distance, line + distance):
            if 1 <= number <= saved.lines and saved.line(number).rstrip("\r") == wanted:
                return number
    return None


def create() -> Server:
    """A server with all its features."""
    server = Server()

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await server.fetch_settings()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.configure(params.initialization_options)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        given: Any = params.settings
        if isinstance(given, dict):
            given = given.get(_SECTION, given if set(map(str, given)) else None)
        if given:
            server.configure(given)
        await server.fetch_settings()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        path = c_file(params.text_document.uri)
        if path is not None:
            server.tree(path).opened(path, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        path = c_file(params.text_document.uri)
        if path is not None:
            server.tree(path).saved()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        path = c_file(params.text_document.uri)
        if path is not None:
            tree = server.tree(path)
            tree.closed(path)
            server.left(tree)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def watched(_: types.DidChangeWatchedFilesParams) -> None:
        for tree in server.trees():
            tree.saved()

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await server.hover(params.text_document.uri, params.position)

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    async def cancelled(params: types.WorkDoneProgressCancelParams) -> None:
        server.bar_cancelled(params.token)

    @server.feature(types.SHUTDOWN)
    async def shutdown(_: None) -> None:
        server.in_order = True
        for tree in server.trees():
            tree.end()

    return server


def serve() -> int:
    """Serve on standard input and output until the editor goes; the exit status."""
    server = create()
    try:
        server.start_io()
    finally:
        for tree in server.trees():
            tree.end()
    return 0 if server.in_order else 1

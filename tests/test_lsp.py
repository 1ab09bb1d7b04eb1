"""The language server in real sessions over standard input and output, on a copy of testdata/kernel."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra 'lsp' isn't installed")

from lsprotocol import types

from tests.lsp_session import CHECKOUT, PATIENCE, capabilities, editing, in_session
from tests.test_real_trees import overlay_of, tree_of
from tests.variants import undone_fix

BALLOON = "drivers/balloon/balloon.c"
COMPACTION = "mm/balloon_compaction.c"
LOCKS = "mutex_lock(&vb->lock);\t/* want-callback"
"""In leak_balloon(), which the notifier calls."""


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    shutil.copytree(CHECKOUT / "testdata" / "kernel", tmp_path / "kernel")
    return tmp_path / "kernel"


def mended(text: str) -> str:
    """The driver whose notifier only tries the lock."""
    assert LOCKS in text
    return text.replace(LOCKS, "if (!mutex_trylock(&vb->lock))\n\t\treturn 0;\t/* was")


def at(text: str, piece: str) -> types.Position:
    """Where a piece starts, in a text of ASCII."""
    before = text[: text.index(piece)]
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


def data(found: types.Diagnostic) -> dict[str, Any]:
    assert isinstance(found.data, dict)
    return found.data


# ------------------------------------------------------------------------------------ diagnostics


@in_session
async def test_open_shows_both_threads_and_a_saved_fix_clears(kernel: Path) -> None:
    path = kernel / BALLOON
    text = path.read_text()
    async with editing(kernel) as editor:
        (found,) = await editor.after(path, lambda: editor.open(path))
        assert found.range.start == at(text, "balloon_page_alloc_enqueue(&vb")
        assert found.range.end.character == found.range.start.character + len("balloon_page_alloc_enqueue")
        assert (found.code, found.source) == ("GFP001", "gfplint")
        assert found.severity is types.DiagnosticSeverity.Error
        assert "struct balloon.lock" in found.message
        assert data(found)["lock"] == "struct balloon.lock"
        assert data(found)["fingerprint"]

        related = found.related_information or []
        places = [
            (Path(each.location.uri.removeprefix("file://")), each.location.range.start) for each in related
        ]
        helper = (kernel / COMPACTION).read_text()
        allocates = helper[: helper.index("alloc_page(gfp)")].count("\n")
        assert places[0] == (path, at(text, "mutex_lock(&vb->lock);\t/* want-taken"))
        assert (kernel / COMPACTION, allocates) in [(where, start.line) for where, start in places]
        assert places[-1] == (path, at(text, LOCKS))
        assert "thread 2" in related[-1].message
        assert "waits for struct balloon.lock" in related[-1].message
        assert any("out_of_memory()" in each.message for each in related)

        assert await editor.after(path, lambda: editor.save(path, mended(text))) == []
        (again,) = await editor.after(path, lambda: editor.save(path, text))
        assert again.code == "GFP001"
        assert editor.said == []


@in_session
async def test_what_is_saved_in_one_file_shows_in_another(kernel: Path) -> None:
    driver, helper = kernel / BALLOON, kernel / COMPACTION
    text = helper.read_text()
    assert "alloc_page(gfp)" in text
    async with editing(kernel) as editor:
        assert len(await editor.after(driver, lambda: editor.open(driver))) == 1
        await editor.after(helper, lambda: editor.open(helper))
        await editor.after(helper, lambda: editor.save(helper, text.replace("alloc_page(gfp)", "NULL")))
        await editor.until(lambda: editor.published[driver] == [])


@in_session
async def test_closing_clears(kernel: Path) -> None:
    path = kernel / BALLOON
    async with editing(kernel) as editor:
        assert await editor.after(path, lambda: editor.open(path))
        assert await editor.after(path, lambda: editor.close(path)) == []


@in_session
async def test_a_save_while_a_check_is_under_way_counts(kernel: Path) -> None:
    path = kernel / BALLOON
    text = path.read_text()
    async with editing(kernel) as editor:
        editor.open(path)
        for _ in range(3):
            editor.save(path, text)
        editor.save(path, mended(text))
        await editor.until(lambda: any("0 findings" in line for line in editor.logged))
        assert editor.published[path] == []
        assert editor.said == []


@in_session
async def test_saving_again_and_again_does_not_keep_findings_away(kernel: Path) -> None:
    path = kernel / BALLOON
    text = path.read_text()
    async with editing(kernel) as editor:
        editor.open(path)
        for number in range(round(PATIENCE / 0.05)):
            if path in editor.times:
                break
            editor.save(path, f"{text}/* {number} */\n")
            await asyncio.sleep(0.05)
        assert [each.code for each in editor.published[path]] == ["GFP001"]
        await editor.after(path, lambda: editor.save(path, mended(text)))
        await editor.until(lambda: editor.published[path] == [])


@in_session
async def test_an_editor_without_related_places_reads_them_in_the_message(kernel: Path) -> None:
    path = kernel / BALLOON
    async with editing(kernel, able=types.ClientCapabilities()) as editor:
        (found,) = await editor.after(path, lambda: editor.open(path))
        assert not found.related_information
        assert f"{BALLOON}:" in found.message
        assert "thread 2" in found.message
        assert editor.bars == []


@in_session
async def test_files_that_are_no_c_are_left_alone(kernel: Path) -> None:
    makefile, path = kernel / "Makefile", kernel / BALLOON
    async with editing(kernel) as editor:
        editor.open(makefile)
        editor.saved(makefile)
        await editor.after(path, lambda: editor.open(path))
        assert list(editor.published) == [path]
        assert editor.said == []


# --------------------------------------------------------------------------------------- settings


@in_session
async def test_settings_are_the_commands_options(kernel: Path) -> None:
    path = kernel / BALLOON
    async with editing(kernel, options={"ignore": ["GFP001"], "minConfidence": "low"}) as editor:
        assert await editor.after(path, lambda: editor.open(path)) == []
        changed = types.DidChangeConfigurationParams({"gfplint": {"select": "GFP001"}})
        found = await editor.after(path, lambda: editor.workspace_did_change_configuration(changed))
        assert [each.code for each in found] == ["GFP001"]


@in_session
async def test_settings_are_asked_for(kernel: Path) -> None:
    path = kernel / BALLOON
    workspace = types.WorkspaceClientCapabilities(configuration=True)
    able = capabilities(workspace=workspace)
    async with editing(kernel, able=able, settings={"ignore": ["GFP001"]}) as editor:
        editor.open(path)
        await editor.until(lambda: any("0 findings" in line for line in editor.logged))
        assert editor.published[path] == []


@in_session
async def test_the_configuration_file_counts(kernel: Path) -> None:
    (kernel / ".gfplint.toml").write_text('ignore = ["GFP001"]\n')
    path = kernel / BALLOON
    async with editing(kernel) as editor:
        assert await editor.after(path, lambda: editor.open(path)) == []


@in_session
async def test_what_cannot_be_done_is_said_once_and_work_goes_on(kernel: Path) -> None:
    path = kernel / BALLOON
    wrong = {"min-confidence": "certain", "selct": "GFP001"}
    async with editing(kernel, options=wrong) as editor:
        editor.open(path)
        await editor.until(lambda: len(editor.said) == 2)
        assert "'selct'" in editor.said[0]
        assert "Did you mean 'select'?" in editor.said[0]
        assert "certain" in editor.said[1]
        editor.saved(path)
        right = types.DidChangeConfigurationParams({"gfplint": {"min-confidence": "high"}})
        found = await editor.after(path, lambda: editor.workspace_did_change_configuration(right))
        assert [each.code for each in found] == ["GFP001"]
        assert len(editor.said) == 2


# ------------------------------------------------------------------------------------------ hover


@in_session
async def test_hovers(kernel: Path) -> None:
    path, helper = kernel / BALLOON, kernel / COMPACTION
    async with editing(kernel) as editor:
        editor.open(path)
        for word in ("mutex_lock", "lock);"):
            lock = await editor.hover_text(path, "want-taken", word)
            assert "`struct balloon.lock` (mutex)" in lock
            assert "`balloon_oom_notify()`" in lock
            assert "`leak_balloon()`" in lock
            assert f"{path.as_uri()}#L" in lock
        assert "`struct balloon.lock`" in await editor.hover_text(path, "struct mutex lock;", "lock;")
        assert await editor.hover_text(path, "return got;", "got") == ""

        mask = await editor.hover_text(helper, "alloc_page(gfp)", "gfp)")
        assert "direct reclaim, IO and FS" in mask
        assert "GFP_HIGHUSER_MOVABLE" in mask
        flag = await editor.hover_text(helper, "__GFP_NORETRY", "__GFP_NORETRY")
        assert "OOM path" in flag
        assert "`alloc_page()`: **direct reclaim, IO and FS**" in flag


@in_session
async def test_hover_in_an_edited_buffer_means_the_saved_line(kernel: Path) -> None:
    path = kernel / BALLOON
    buffer = "/* new */\n" * 3 + path.read_text()
    async with editing(kernel) as editor:
        editor.open(path, buffer)
        lines = buffer.split("\n")
        number = next(number for number, line in enumerate(lines) if "want-taken" in line)
        found = await editor.hover(path, number, 3)
        assert found is not None
        assert found.range is not None
        assert (found.range.start.line, found.range.start.character) == (number, 1)
        assert await editor.hover(path, 1, 4) is None


@in_session
async def test_columns_are_utf_16(kernel: Path) -> None:
    path = kernel / BALLOON
    mark = "/* \U0001f388\U0001f388 */ "
    call = "if (!balloon_page_alloc_enqueue("
    text = path.read_text().replace(call, mark + call).replace("mutex_lock(", mark + "mutex_lock(", 1)
    path.write_text(text)
    async with editing(kernel) as editor:
        (found,) = await editor.after(path, lambda: editor.open(path))
        line = text.split("\n")[found.range.start.line]
        before = line[: line.index("balloon_page_alloc_enqueue")]
        assert found.range.start.character == len(before) + 2
        assert "struct balloon.lock" in await editor.hover_text(path, "want-taken", "mutex_lock")


# ---------------------------------------------------------------------------------------- process


def command(*arguments: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gfplint.lsp", *arguments],
        input=text,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_and_version() -> None:
    assert "Language Server Protocol" in command("--help").stdout
    assert command("--version").stdout.startswith("gfplint-lsp ")
    wrong = command("--nonsense")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("gfplint: ")


def test_without_pygls_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text("raise ImportError\n")
    done = command(PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'gfplint[lsp]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("orderly", "status"), [(True, 0), (False, 1)])
def test_exit_status(orderly: bool, status: int) -> None:
    def message(body: str) -> str:
        return f"Content-Length: {len(body)}\r\n\r\n{body}"

    text = message(
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"processId":null,"rootUri":null}}'
    )
    text += message('{"jsonrpc":"2.0","id":2,"method":"shutdown"}') if orderly else ""
    done = command(text=text + message('{"jsonrpc":"2.0","method":"exit"}'))
    assert done.returncode == status, done.stderr
    assert done.stdout.startswith("Content-Length: ")
    assert "Traceback" not in done.stderr


# -------------------------------------------------------------------------------------- real tree


@pytest.mark.slow
def test_the_fix_undone_in_a_real_tree(tmp_path: Path) -> None:
    tree = tree_of("6.12")
    if tree is None:
        pytest.skip("no tree linux-source-6.12")
    from tests.planting import BALLOON as DRIVER
    from tests.planting import SLIM, Files

    files = Files(tree)
    undone_fix(files)

    @in_session
    async def session(root: Path) -> None:
        driver = root / DRIVER
        good = driver.read_text()
        async with editing(root) as editor:
            assert await editor.after(driver, lambda: editor.open(driver)) == []
            for path, text in files.changed.items():
                if path != DRIVER:
                    (root / path).unlink()
                    (root / path).write_text(text)
            (found,) = await editor.after(driver, lambda: editor.save(driver, files.changed[DRIVER]))
            assert found.code == "GFP001"
            assert data(found)["lock"] == "struct virtio_balloon.balloon_lock"
            related = [each.location.uri for each in found.related_information or []]
            assert any(uri.endswith("mm/balloon_compaction.c") for uri in related)
            hover = await editor.hover_text(driver, "planted: taken", "balloon_lock")
            assert "virtio_balloon_oom_notify()" in hover
            assert await editor.after(driver, lambda: editor.save(driver, good)) == []

    for overlay in overlay_of(tree, tmp_path, SLIM):
        session(overlay.root)

"""Hostile values for every option: one sentence, exit status 2, nothing written, never a traceback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gfplint import cli
from gfplint.kernel import files

ROOT = Path(__file__).resolve().parent.parent
FIXED = ROOT / "testdata" / "kernel" / "drivers" / "balloon_fixed"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with whatever a path can be."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("headers").mkdir()
    Path("headers/a.h").touch()
    Path("good.c").write_text("int x;\n")
    Path("nul.c").write_bytes(b"int\0")
    os.mkfifo("fifo.c")
    os.mkfifo("fifo")
    Path("loop.c").symlink_to("loop.c")
    Path("dangling.c").symlink_to("nowhere.c")
    for folder, content in (("broken", b"x = ["), ("binary", b"\xff")):
        Path(folder).mkdir()
        Path(folder, "a.toml").write_bytes(content)
    Path("pipe").mkdir()
    os.mkfifo("pipe/a.toml")
    Path("junk.config").write_text("CONFIG_X=y\nfoo bar\n")
    Path("junk").write_bytes(b"\xff\0\n" * 99)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("sock.c")
        yield tmp_path


CASES = [
    (["nowhere.c"], "There is no file or folder nowhere.c."),
    (["no\nwhere\x1b[1m.c"], "There is no file or folder no\\x0awhere\\x1b[1m.c."),
    (["\udcff.c"], "There is no file or folder \\udcff.c."),
    ([""], "is empty"),
    (["empty"], "There are no C files in empty."),
    (["headers"], "There are no C files in headers."),
    (["nul.c"], "it has NUL bytes"),
    (["fifo.c"], "fifo.c is not a C file: it is no regular file."),
    (["fifo"], "fifo is not a C file"),
    (["sock.c"], "sock.c is not a C file: it is no regular file."),
    (["/dev/zero"], "/dev/zero is not a C file"),
    (["loop.c"], "loop.c can't be read: Too many levels of symbolic links."),
    (["dangling.c"], "There is no file or folder dangling.c."),
    (["good.c/x"], "Not a directory"),
    (["--kernel", "empty", "good.c"], "empty is not the root of a kernel tree"),
    (["--kernel", "fifo", "good.c"], "fifo is no folder"),
    (["--kernel", "", "good.c"], "--kernel is empty"),
    (["--kconfig", "fifo", "good.c"], "not a regular file"),
    (["--kconfig", "junk", "good.c"], "junk is no kernel configuration"),
    (["--kconfig", "junk.config", "good.c"], "junk.config:2: this is no line of a kernel configuration"),
    (["--arch", "../..", str(FIXED)], "There is no architecture '../..'"),
    (["--arch", "", str(FIXED)], "--arch is empty"),
    (["--jobs", "1.5", "good.c"], "'1.5' is not a valid integer"),
    (["--rules", "fifo", "--list-rules"], "fifo is none"),
    (["--rules", "broken", "good.c"], "broken/a.toml: not TOML"),
    (["--rules", "binary", "good.c"], "binary/a.toml: the file can't be read: it isn't UTF-8"),
    (["--rules", "pipe", "good.c"], "pipe/a.toml: the file can't be read: it is no regular file."),
    (["--select", ",", "good.c"], "--select is empty: it must name rules."),
    (["--explain", "\n"], "There is no rule \\x0a."),
    (["--dump", "ir", "good.c:nope"], "There is no function nope"),
    (["--config", "fifo", "good.c"], "The configuration file fifo is no file."),
    (["--baseline", "junk", "good.c"], "The baseline junk is not SARIF"),
    (["--diff", "junk", "good.c"], "There is no diff in junk."),
    (["--since", "HEAD", "good.c"], "is in no git tree"),
    (["-o", "good.c", "good.c"], "The output file good.c is C source, which a report must not replace."),
    (["-o", "junk.config", "--kconfig", "junk.config", "good.c"], "is also the --kconfig"),
    (["-o", "loop.c", "good.c"], "The output file loop.c can't be written"),
    (["-o", "sock.c", "good.c"], "The output file sock.c can't be written"),
    (["-o", "a" * 300, "good.c"], "can't be written: File name too long."),
    (["-o", "/dev/full", "good.c"], "The output file /dev/full can't be written: No space left on device."),
]


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=lambda value: ascii(value)[:40])
def test_bad_input(here: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    before = sorted(path.name for path in here.iterdir())
    assert cli.main(arguments) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("gfplint: ")
    assert words in err
    assert "Internal error" not in err
    assert sorted(path.name for path in here.iterdir()) == before
    assert (here / "good.c").read_text() == "int x;\n"


@pytest.mark.parametrize("name", ["new\nline.c", "\udcff.c", "folder\udcff\n/a.c", "empty.c"])
def test_odd_names_are_read(here: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("" if name == "empty.c" else "int x;\n")
    for form in ("text", "sarif", "json", "html", "gcc", "github"):
        assert cli.main(["-v", "--output-format", form, "-j", "100000", name]) == 0
        assert "Internal error" not in capfd.readouterr().err


def test_a_loop_of_folders_ends(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("empty/a.c").write_text("int x;\n")
    Path("empty/self").symlink_to("../empty")
    assert cli.main(["empty"]) == 0
    assert "in 1 file." in capfd.readouterr().out


def test_a_file_of_absurd_size(
    here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("huge.c").open("wb") as stream:
        stream.truncate(files.MAX_SIZE + 1)
    assert cli.main(["huge.c"]) == 2
    assert "huge.c can't be read: File too large." in capfd.readouterr().err


def unprivileged() -> list[str]:
    """The start of a command that may not read what permissions forbid, also where the tests run as root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root reads everything, and there is no setpriv here")
    less = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", less, "--inh-caps", less]


@pytest.fixture
def checked(here: Path) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [*unprivileged(), sys.executable, "-m", "gfplint", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_without_permission(here: Path, checked: Callable[..., tuple[int, str, str]]) -> None:
    closed = here / "closed"
    closed.mkdir()
    (closed / "a.c").write_text("int x;\n")
    (here / "mixed" / "inner").mkdir(parents=True)
    (here / "mixed" / "b.c").write_text("int y;\n")
    (here / "mixed" / "c.c").write_text("int z;\n")
    for path in (closed, here / "mixed" / "inner", here / "mixed" / "c.c"):
        path.chmod(0)
    try:
        for arguments in (["closed"], ["closed/a.c"], ["mixed/c.c"], ["-o", "closed/x", "good.c"]):
            status, out, err = checked(*arguments)
            assert (status, out, err.count("\n")) == (2, "", 1)
            assert "Internal error" not in err
        status, out, err = checked("-v", "mixed")
        assert (status, err) == (0, "")
        assert "No findings in 1 file." in out
        assert "It can't be read: no permission." in out
        assert "The folder can't be listed." in out
    finally:
        closed.chmod(0o700)
        (here / "mixed" / "inner").chmod(0o700)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("good.c >&-", 2),
        ("good.c >/dev/full", 2),
        ("--help >/dev/full", 2),
        ("--version >/dev/full", 2),
        ("--explain GFP001 >/dev/full", 2),
        ("--diff - good.c <&-", 2),
        ("good.c 2>&-", 0),
        ("nowhere >&- 2>&- <&-", 2),
    ],
)
def test_streams_that_are_closed_or_full(here: Path, words: str, status: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m gfplint {words}', sys.executable],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "Internal error" not in done.stderr
    assert done.stderr.count("\n") <= 1

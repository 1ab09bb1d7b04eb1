"""The command line: exit statuses, sentences instead of tracebacks, output files, start-up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gfplint
from gfplint import __version__, cli, output
from gfplint.api import CheckOptions as Options
from gfplint.command import rules as naming
from gfplint.errors import ModelError, UsageError
from gfplint.findings import CallbackLocks, Confidence, Lock, Place, Report, Step
from tests.reports import BALLOON, LOCK, NOTES, balloon_finding, report
from tests.rule_texts import RULES


class Api(ModuleType):
    """Stands in for `gfplint.api`: remembers what it was asked and answers with what the test put there."""

    def __init__(self) -> None:
        super().__init__("gfplint.api")
        self.CheckOptions = Options
        self.report = report()
        self.error: BaseException | None = None
        self.asked: list[Options] = []

    def check(self, options: Options) -> Report:
        self.asked.append(options)
        if self.error is not None:
            raise self.error
        return self.report

    def show_locks(self, options: Options) -> list[CallbackLocks]:
        self.asked.append(options)
        waits = Lock(LOCK, "mutex", Place(BALLOON, 262, 2), "leak_balloon")
        step = Step("call", "virtballoon_oom_notify", "calls leak_balloon()", Place(BALLOON, 610, 26))
        wait = Step("wait", "leak_balloon", f"waits for {LOCK}", waits.taken)
        notify = Place(BALLOON, 602, 12)
        locks = ((waits, (step, wait)),)
        return [
            CallbackLocks("OOM notifier", "virtballoon_oom_notify", Place(BALLOON, 962, 9), notify, locks),
            CallbackLocks("OOM notifier", "cmm_oom", Place("arch/a.c", 9, 1), Place("arch/a.c", 3, 1), ()),
        ]

    def dump(self, stage: str, options: Options) -> str:
        self.asked.append(options)
        return f"{stage} of {options.paths[0]}"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    fake = Api()
    monkeypatch.setitem(sys.modules, "gfplint.api", fake)
    monkeypatch.setattr(gfplint, "api", fake, raising=False)
    monkeypatch.setattr(naming, "load", lambda folders: sorted(RULES, key=lambda rule: rule.id))
    for name in ("NO_COLOR", "GFPLINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "driver.c"
    path.write_text("int x;\n")
    return str(path)


Run = tuple[int, str, str]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    def call(*arguments: str) -> Run:
        status = cli.main(arguments)
        captured = capfd.readouterr()
        return status, captured.out, captured.err

    return call


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gfplint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


# ------------------------------------------------------------------------------------ statuses


def test_no_findings_is_0(api: Api, source: str, run: Callable[..., Run]) -> None:
    status, out, err = run(source)
    assert (status, err) == (0, "")
    assert out == (
        "No findings in 16 files of Linux 6.12.48.\n5 callbacks of reclaim, 12 locks they wait for.\n"
    )


def test_findings_are_1(api: Api, source: str, run: Callable[..., Run]) -> None:
    api.report = report(balloon_finding())
    status, out, _ = run(source)
    assert status == 1
    assert out.startswith(f"{BALLOON}:171:23: GFP001:")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "There is nothing to check"),
        (["/no/such/place"], "There is no file or folder /no/such/place."),
        (["--output-format", "yaml", "."], "'yaml' is not one of 'text', 'sarif', 'json'"),
        (["--frobnicate"], "--frobnicate"),
        (["--jobs", "0", "."], "'--jobs'"),
        (["--kernel", "/no/kernel", "."], "/no/kernel is no folder"),
        (["--kconfig", "/no/config", "."], "there is no file /no/config"),
        (["--rules", "/no/rules", "."], "/no/rules is none"),
        (["--select", "GFP01", "."], "There is no rule GFP01. Did you mean GFP001?"),
        (["--ignore", "GFP001,GFP002", "."], "No rule is left"),
        (["--explain", "reclaim-inside-oom"], "Did you mean GFP002?"),
        (["--list-rules", "--explain", "GFP001"], "--list-rules and --explain print different things"),
        (["--show-locks", "--output-format", "sarif", "."], "--show-locks prints text only, not sarif"),
        (["-o", "/", "."], "The output file / is a folder."),
        (["-o", "/no/folder/x", "."], "there is no folder /no/folder"),
    ],
)
def test_a_wrong_command_line_is_2_and_a_sentence(
    api: Api, run: Callable[..., Run], arguments: list[str], words: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out, api.asked) == (2, "", [])
    assert err.startswith("gfplint: ")
    assert err.count("\n") == 1
    assert words in err
    assert err.rstrip().endswith(".")


def test_an_error_of_the_analysis_is_its_sentence(api: Api, source: str, run: Callable[..., Run]) -> None:
    api.error = ModelError("rules/x.toml:3: the prototype of f() has no parameter flagz; did you mean flags?")
    status, out, err = run(source)
    assert (status, out) == (2, "")
    assert (
        err == "gfplint: rules/x.toml:3: the prototype of f() has no parameter flagz; did you mean flags?\n"
    )


@pytest.mark.parametrize(
    "error", [ValueError("no such\nblock"), RecursionError(), MemoryError(), AssertionError()]
)
def test_an_internal_error_is_one_sentence(
    api: Api, source: str, run: Callable[..., Run], error: Exception
) -> None:
    api.error = error
    status, out, err = run(source)
    assert (status, out) == (2, "")
    assert "Traceback" not in err
    assert err.count("\n") == 1
    assert "Internal error in command/modes.py:" in err
    assert type(error).__name__ in err
    assert "report" in err


def test_debug_shows_the_traceback(
    api: Api, source: str, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFPLINT_DEBUG", "1")
    api.error = ValueError("no such block")
    status, _, err = run(source)
    assert status == 2
    assert "Traceback (most recent call last)" in err


def test_an_interrupt_is_130_and_quiet(api: Api, source: str, run: Callable[..., Run]) -> None:
    api.error = KeyboardInterrupt()
    assert run(source) == (130, "", "")


# ------------------------------------------------------------------------------------- options


def test_options_reach_the_analysis(api: Api, source: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    config = tmp_path / ".config"
    config.touch()
    status, _, err = run(
        *(
            "--kernel",
            str(tmp_path),
            "--kconfig",
            str(config),
            "--arch",
            "arm64",
            "-j",
            "3",
            "--min-confidence",
            "low",
        ),
        *(
            "--select",
            "gfp001, GFP002",
            "--ignore",
            "reclaim-inside-oom-notifier",
            "--rules",
            str(tmp_path),
            source,
        ),
    )
    assert (status, err) == (0, "")
    (options,) = api.asked
    assert options.paths == (Path(source),)
    assert (options.kernel, options.kconfig, options.arch, options.jobs) == (tmp_path, config, "arm64", 3)
    assert options.select == frozenset({"GFP001", "GFP002"})
    assert options.ignore == {"GFP002"}
    assert options.min_confidence is Confidence.LOW
    assert options.rules_dirs == (tmp_path,)
    assert options.progress is not None


def test_defaults(api: Api, source: str, run: Callable[..., Run]) -> None:
    run(source)
    (options,) = api.asked
    assert (options.kernel, options.kconfig, options.arch, options.select) == (None, None, "x86", None)
    assert options.min_confidence is Confidence.MEDIUM
    assert options.jobs == len(os.sched_getaffinity(0))


def test_show_locks_needs_no_path(api: Api, run: Callable[..., Run]) -> None:
    status, out, err = run("--show-locks")
    assert (status, err) == (0, "")
    assert api.asked[0].paths == (Path(),)
    assert out == (
        "arch/a.c:3:1: cmm_oom()\n"
        "  OOM notifier, registered at arch/a.c:9:1\n"
        "  waits for no lock that is known\n"
        "\n"
        "drivers/virtio/virtio_balloon.c:602:12: virtballoon_oom_notify()\n"
        "  OOM notifier, registered at drivers/virtio/virtio_balloon.c:962:9\n"
        "  waits for struct virtio_balloon.balloon_lock (mutex) in leak_balloon() at\n"
        "    drivers/virtio/virtio_balloon.c:262:2\n"
        "    virtballoon_oom_notify(): calls leak_balloon() at\n"
        "      drivers/virtio/virtio_balloon.c:610\n"
        "\n"
        "2 callbacks of reclaim, 1 lock they wait for.\n"
    )


def test_dump_takes_a_function_behind_the_path(api: Api, source: str, run: Callable[..., Run]) -> None:
    assert run("--dump", "ir", f"{source}:probe") == (0, f"ir of {source}:probe\n", "")
    status, _, err = run("--dump", "ir", f"{source}x:probe")
    assert status == 2
    assert "There is no file or folder" in err


def test_verbose_lists_what_was_not_analysed(api: Api, source: str, run: Callable[..., Run]) -> None:
    api.report = report(notes=NOTES)
    _, out, _ = run("-v", source)
    text = "nothing is known to be stored in struct virtio_config_ops.set"
    assert f"{BALLOON}:240: note: {text} [unresolved-call]\n" in out
    assert "--verbose" not in out


def test_list_rules_and_explain(api: Api, run: Callable[..., Run]) -> None:
    status, out, _ = run("--list-rules")
    assert status == 0
    assert out == (
        "GFP001  Direct-reclaim allocation under a lock that an OOM notifier takes\n"
        "        reclaim-under-oom-notifier-lock, error\n"
        "GFP002  Direct-reclaim allocation inside an OOM notifier\n"
        "        reclaim-inside-oom-notifier, error\n"
    )
    status, out, _ = run("--explain", "gfp001")
    assert status == 0
    assert out.startswith("GFP001 reclaim-under-oom-notifier-lock (error, CWE-833, CWE-667)\n")
    assert out.endswith("The story of the balloon.\n")
    assert api.asked == []


def test_colour_only_where_asked_for(
    api: Api, source: str, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.report = report(balloon_finding())
    assert "\x1b" not in run(source)[1]
    assert "\x1b[1;31mGFP001:" in run("--color", "always", source)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" in run("--color", "always", source)[1], "what the user says wins over the environment"


# -------------------------------------------------------------------------------------- output


def test_sarif_on_standard_output_is_only_sarif(api: Api, source: str, run: Callable[..., Run]) -> None:
    api.report = report(balloon_finding())
    status, out, err = run("--output-format", "sarif", "--select", "GFP001", source)
    assert (status, err) == (1, "")
    (analysed,) = json.loads(out)["runs"]
    assert [rule["id"] for rule in analysed["tool"]["driver"]["rules"]] == ["GFP001"]


def test_an_output_file_is_replaced_whole(
    api: Api, source: str, tmp_path: Path, run: Callable[..., Run]
) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    status, out, err = run("-o", str(link), source)
    assert (status, out) == (0, "")
    assert err.startswith("No findings in 16 files")
    assert link.is_symlink()
    assert target.read_text().startswith("No findings")
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["driver.c", "link", "report.txt"]


def test_an_output_file_is_untouched_after_a_failure(
    api: Api, source: str, tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    api.error = UsageError("Broken.")
    assert run("-o", str(target), source)[0] == 2
    assert target.read_text() == "old"

    api.error = None

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = run("-o", str(target), source)
    assert status == 2
    assert err == f"gfplint: The output file {target} can't be written: No space left on device.\n"
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["driver.c", "report.txt"]


def test_a_device_is_written_to(api: Api, source: str, run: Callable[..., Run]) -> None:
    assert run("-o", "/dev/null", source)[0] == 0
    assert not Path("/dev/null").is_file()


def test_a_byte_that_is_no_utf8_is_spelled_out() -> None:
    assert output.encode("b\udcffb") == b"b\\udcffb"


# ---------------------------------------------------------------------------- the real process


def test_version_imports_little() -> None:
    code = "import sys; from gfplint import cli; cli.main(['--version']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, modules = done.stdout.splitlines()
    assert first == f"gfplint {__version__}"
    heavy = {
        "rich",
        "sarif_om",
        "pycparser",
        "tree_sitter",
        "gfplint.rules",
        "gfplint.api",
        "gfplint.report.sarif",
    }
    assert not heavy & set(modules.split())


def test_help_tells_the_exit_statuses() -> None:
    done = process("--help")
    assert done.returncode == 0
    assert "0 without findings" in done.stdout


FAKE = """
import sys, types
from dataclasses import make_dataclass
api = types.ModuleType("gfplint.api")
names = "paths kernel kconfig arch jobs select ignore min_confidence rules_dirs progress"
names = f"{names} baseline changes reach cache warn".split()
api.CheckOptions = make_dataclass("CheckOptions", names)
sys.modules["gfplint.api"] = api
import gfplint
gfplint.api = api
from tests.reports import report, balloon_finding
"""


def scripted(body: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """The real command in a process of its own, with an analysis that does what `body` says."""
    # A shell that runs the tests in the background has interrupts ignored, and children inherit that.
    interrupts = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    main = f"from gfplint import __main__\nsys.argv[1:] = {list(arguments)!r}\n__main__.main()"
    code = f"{interrupts}\n{FAKE}\n{body}\n{main}"
    return subprocess.Popen(
        [sys.executable, "-c", code], text=True, cwd=Path(__file__).parent.parent, **options
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    body = "api.check = lambda options: report(*[balloon_finding()] * 3000)"
    child = scripted(body, ".", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr is not None
    with child.stderr:
        assert child.stderr.read() == ""
    assert child.wait(30) == 1


def test_a_full_disk_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        child = scripted("api.check = lambda options: report()", ".", stdout=full, stderr=subprocess.PIPE)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 2
    assert err == "gfplint: The report can't be written to standard output: No space left on device.\n"


def test_closed_streams_are_no_traceback() -> None:
    code = [sys.executable, "-m", "gfplint", "/no/such/place"]
    done = subprocess.run(
        ["sh", "-c", '"$@" >&- 2>&-', "sh", *code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_sigint_ends_the_process_with_130() -> None:
    body = (
        "import time\n"
        "def check(options):\n"
        "    print('working', file=sys.stderr, flush=True)\n"
        "    time.sleep(30)\n"
        "api.check = check"
    )
    child = scripted(body, ".", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stderr is not None
    assert child.stderr.readline() == "working\n"
    child.send_signal(signal.SIGINT)
    try:
        out, err = child.communicate(timeout=20)
    finally:
        child.kill()
        child.wait()
    assert (child.returncode, out, err) == (130, "", "")

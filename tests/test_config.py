"""``.gfplint.toml`` and ``[tool.gfplint]``: every option, where the file is found, what a mistake says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from gfplint import cli
from gfplint.command import config
from gfplint.errors import GfplintError

Parsed = dict[str, Any]


def parse(*arguments: str) -> Parsed:
    """What the command makes of these words and of the configuration that they lead to."""
    return cli.command.make_context("gfplint", list(arguments)).params


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``driver/a.c``; the current folder is an empty one beside it."""
    (tmp_path / "work" / "driver").mkdir(parents=True)
    (tmp_path / "work" / "driver" / "a.c").write_text("int x;\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "work"


def source(folder: Path) -> str:
    return str(folder / "driver" / "a.c")


# --------------------------------------------------------------------------- every option


def sample(option: click.Option, folder: Path) -> tuple[str, Any]:
    """TOML for a value that isn't the option's default, and the value that must arrive."""
    if option.is_flag:
        value = option.default is not True
        return str(value).lower(), value
    if isinstance(option.type, click.Choice):
        choice = next(str(choice) for choice in option.type.choices if choice != option.default)
        return f'"{choice}"', choice
    if isinstance(option.type, click.IntRange):
        return "7", 7
    if isinstance(option.type, click.Path):
        path: Any = folder / "sub" / "it"
        path = path if option.type.type is Path else str(path)
        return ('["sub/it"]', (path,)) if option.multiple else ('"sub/it"', path)
    return ('["one", "two"]', ("one", "two")) if option.multiple else ('"word"', "word")


@pytest.mark.parametrize(
    "option",
    [parameter for parameter in cli.command.params if isinstance(parameter, click.Option)],
    ids=lambda option: option.name,
)
def test_every_option_is_settable_or_says_why_not(folder: Path, option: click.Option) -> None:
    name = max(option.opts, key=len).removeprefix("--")
    toml, value = sample(option, folder)
    (folder / config.OWN_NAME).write_text(f"{name} = {toml}\n")
    if name in config.keys(cli.command):
        assert parse(source(folder))[option.name or ""] == value
        return
    # What prints something else than a report, or is about the file itself.
    assert name in {"config", "no-config", "version", *INSTEAD}
    with pytest.raises(GfplintError, match=rf"toml:1: '{name}' .* is for the command line only\.$"):
        parse(source(folder))


INSTEAD = {
    max(option.opts, key=len).removeprefix("--")
    for option in cli.command.params
    if getattr(option, "group", "") == "Instead of a report"
}


def test_what_prints_no_report_is_known() -> None:
    assert {"show-locks", "dump", "list-rules", "explain"} <= INSTEAD


# ------------------------------------------------------------------------------ precedence


def test_the_command_line_wins(folder: Path) -> None:
    (folder / config.OWN_NAME).write_text(
        'min-confidence = "low"\nselect = ["GFP001", "GFP002"]\nverbose = true\nstatistics = true\njobs = 2\n'
    )
    given = parse("--select", "GFP002", "--no-verbose", "--min-confidence", "high", source(folder))
    assert (given["min_confidence"], given["select"]) == ("high", ("GFP002",))
    assert (given["verbose"], given["statistics"], given["jobs"]) == (False, True, 2)


def test_a_switch_can_be_set_by_its_other_name(folder: Path) -> None:
    (folder / config.OWN_NAME).write_text("no-statistics = false\n")
    assert parse(source(folder))["statistics"] is True
    (folder / config.OWN_NAME).write_text("no-statistics = false\nstatistics = false\n")
    with pytest.raises(GfplintError, match=r"toml:2: 'statistics' contradicts another key"):
        parse(source(folder))


def test_a_string_stands_for_a_list_of_one(folder: Path) -> None:
    (folder / config.OWN_NAME).write_text('select = "GFP001,GFP002"\n')
    assert parse(source(folder))["select"] == ("GFP001,GFP002",)


# ----------------------------------------------------------------------------- which file


def test_the_nearest_file_above_the_first_path(folder: Path) -> None:
    (folder / config.SHARED_NAME).write_text("[tool.gfplint]\njobs = 2\n")
    assert parse(source(folder))["jobs"] == 2
    (folder / "driver" / config.OWN_NAME).write_text("jobs = 3\n")
    assert parse(source(folder), str(folder))["jobs"] == 3
    assert parse(str(folder), source(folder))["jobs"] == 2
    assert parse("--dump", "ir", f"{source(folder)}:probe")["jobs"] == 3


def test_its_own_file_comes_before_pyproject(folder: Path) -> None:
    (folder / config.SHARED_NAME).write_text("[tool.gfplint]\njobs = 2\n")
    (folder / config.OWN_NAME).write_text("jobs = 4\n")
    assert parse(source(folder))["jobs"] == 4


def test_a_pyproject_of_others_is_passed_over(folder: Path) -> None:
    (folder / config.OWN_NAME).write_text("jobs = 2\n")
    for text in ("[tool.ruff]\n", "this is no TOML", '[project]\nname = "uses-gfplint"\n'):
        (folder / "driver" / config.SHARED_NAME).write_text(text)
        assert parse(source(folder))["jobs"] == 2


def test_then_the_current_folder(folder: Path) -> None:
    Path(config.OWN_NAME).write_text("jobs = 5\n")
    assert parse(source(folder))["jobs"] == 5
    assert parse()["jobs"] == 5
    (folder / config.OWN_NAME).write_text("jobs = 2\n")
    assert parse(source(folder))["jobs"] == 2


def test_config_and_no_config(folder: Path) -> None:
    (folder / config.OWN_NAME).write_text("jobs = 2\n")
    (folder / "other.toml").write_text('jobs = 6\noutput-file = "/elsewhere/report"\n')
    (folder / "py.toml").write_text("[tool.gfplint]\njobs = 7\n")
    given = parse("--config", str(folder / "other.toml"), source(folder))
    assert (given["jobs"], given["output_file"]) == (6, Path("/elsewhere/report"))
    assert parse("--config", str(folder / "py.toml"), source(folder))["jobs"] == 7
    assert parse("--no-config", source(folder))["jobs"] is None


def test_a_broken_file_does_not_stop_help_or_version(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / config.OWN_NAME).write_text("jobs =")
    for option in ("--help", "--version"):
        assert cli.main([option, source(folder)]) == 0
    assert cli.main(["--list-rules", source(folder)]) == 2


def test_what_is_said_about_the_report_is_not_for_other_modes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / config.OWN_NAME).write_text('output-format = "sarif"\noutput-file = "report.sarif"\n')
    assert cli.main(["--list-rules", source(folder)]) == 0
    assert capsys.readouterr().out.startswith("GFP001")
    assert sorted(path.name for path in folder.iterdir()) == [config.OWN_NAME, "driver"]


# ------------------------------------------------------------------------------- mistakes

MISTAKES = [
    ('\nmin-confidance = "low"', "{}:2: unknown key 'min-confidance'; did you mean 'min-confidence'?"),
    ("output_format = 'text'", "{}:1: unknown key 'output_format'; did you mean 'output-format'?"),
    ('select = "jobs"\njobs = "3"', "{}:2: 'jobs' must be a whole number of at least 1, not '3'."),
    ("jobs = 0", "{}:1: 'jobs' must be a whole number of at least 1, not 0."),
    ("jobs = true", "{}:1: 'jobs' must be a whole number of at least 1, not true."),
    ('min-confidence = "hihg"', "{}:1: 'min-confidence' can't be 'hihg'; did you mean 'high'?"),
    ("min-confidence = 2", "{}:1: 'min-confidence' must be one of low, medium, high, not 2."),
    ('verbose = "yes"', "{}:1: 'verbose' must be true or false, not 'yes'."),
    ("select = [1]", "{}:1: 'select' must be a string or a list of strings, not a list."),
    ("kernel = {}", "{}:1: 'kernel' must be a string, not a table."),
    ('kernel = ""', "{}:1: 'kernel' must be a string, not an empty string."),
    ("arch = 1979-05-27", "{}:1: 'arch' must be a string, not the time 1979-05-27."),
    ("[color]\nx = 1", "{}:1: 'color' must be one of auto, always, never, not a table."),
    ('explain = "GFP001"', "{}:1: 'explain' asks for something else than a report and is for the command"),
    ("config = 'x'", "{}:1: 'config' is no setting and is for the command line only."),
    ("jobs = x", "{}: not TOML: Invalid value (at line 1, column 8)."),
    ("\udcff", "{}: the file can't be read: it isn't UTF-8 (invalid start byte at byte 0)."),
    ("a = " + "[" * 5000, "{}: not TOML: "),
    ('kernel = "no/tree"', "{0.parent}/no/tree is no folder. 'kernel' is set in {0}:1."),
    ('verbose = true\nignore = "GFP9"', "There is no rule GFP9."),
    ('verbose = true\nignore = "GFP9"', " 'ignore' is set in {}:2."),
    ('output-file = "../x"', "{}:1: 'output-file' leads out of {0.parent}, which only a file that --config"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES)
def test_a_mistake_is_a_sentence_with_file_and_line(
    folder: Path, capfd: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    path = folder / config.OWN_NAME
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cli.main([source(folder)]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert sentence.replace("{}", "{0}").format(path) in err


def test_lines_in_pyproject(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = folder / config.SHARED_NAME
    for text, line in (
        ("[tool.other]\njobs = 1\nnit = 1\n[tool.gfplint]\njobs = 1\nnit = 2\n", 6),
        ("[tool]\ngfplint.nit = 2\n", 2),
        ("# nit\n[tool]\ngfplint = { nit = 2 }\n", 1),  # inline: where the word first stands
    ):
        path.write_text(text)
        assert cli.main([source(folder)]) == 2
        assert f"{path}:{line}: unknown key 'nit'" in capfd.readouterr().err
    path.write_text("tool = 1 # gfplint\n")
    assert cli.main([source(folder)]) == 2
    assert "'tool.gfplint' must be a table" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "doesn't exist"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.symlink_to(path), "doesn't exist"),
        (lambda path: path.write_text("[tool.ruff]\n"), "there is no table [tool.gfplint]"),
    ],
)
def test_a_file_that_config_names_must_be_one(
    folder: Path, capfd: pytest.CaptureFixture[str], make: Callable[[Path], object], words: str
) -> None:
    path = folder / "mine.toml"
    make(path)
    assert cli.main(["--config", str(path), source(folder)]) == 2
    assert words in capfd.readouterr().err
    assert cli.main(["--config", str(path), "--no-config", source(folder)]) == 2
    assert "contradict each other" in capfd.readouterr().err

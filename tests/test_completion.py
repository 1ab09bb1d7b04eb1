"""Shell completion, driven as the shells drive it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gfplint import cli
from gfplint.command import rules as naming

ROOT = Path(__file__).resolve().parent.parent
RULES = [rule.id for rule in naming.load(())]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``gfplint`` is this checkout's command."""
    command = tmp_path / "gfplint"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gfplint "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


def bash(environment: dict[str, str], cwd: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words, with the documented line in its start-up file."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    script = """
        eval "$(_GFPLINT_COMPLETE=bash_source gfplint)"
        function=$(complete -p gfplint | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
        COMP_WORDS=(gfplint "$@") COMP_CWORD=$#
        "$function" gfplint 2>/dev/null
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_options_rules_and_choices(environment: dict[str, str], tmp_path: Path) -> None:
    assert bash(environment, tmp_path, "--min-c") == ["--min-confidence"]
    assert bash(environment, tmp_path, "--min-confidence", "") == ["low", "medium", "high"]
    assert bash(environment, tmp_path, "--explain", "") == RULES
    assert bash(environment, tmp_path, "--select", "gfp001,GFP") == [
        f"gfp001,{rule}" for rule in RULES if rule != "GFP001"
    ]
    assert bash(environment, tmp_path, "--ignore", "reclaim-in-oom") == ["reclaim-in-oom-notifier"]


def test_a_broken_configuration_does_not_matter(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".gfplint.toml").write_text("jobs =")
    assert bash(environment, tmp_path, "--explain", "GFP002") == ["GFP002"]
    assert bash(environment, tmp_path, "--rules", "/no/such/folder", "--explain", "GFP002") == ["GFP002"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_titles_too(environment: dict[str, str], tmp_path: Path, shell: str) -> None:
    """Their scripts are click's; what they ask for is asked for here."""
    asked = {"_GFPLINT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "gfplint --explain G", "COMP_CWORD": "2"}
    if shell == "fish":
        asked["COMP_CWORD"] = "G"  # fish hands on the word itself
    done = subprocess.run(
        ["gfplint"], env=environment | asked, capture_output=True, text=True, check=True, timeout=60
    )
    titles = [rule.title for rule in naming.load(())]
    assert RULES[0] in done.stdout
    assert all(title in done.stdout for title in titles)
    script = subprocess.run(
        ["gfplint"],
        env=environment | {"_GFPLINT_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "gfplint" in script.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script.stdout, text=True, check=True, timeout=60)


def test_fish_offers_the_rules(environment: dict[str, str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    script = '_GFPLINT_COMPLETE=fish_source gfplint | source; complete -C "gfplint --explain "'
    done = subprocess.run(
        ["fish", "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == RULES


def test_one_rule_only_where_one_is_wanted() -> None:
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli.command, {}, "gfplint", "_GFPLINT_COMPLETE")
    assert complete.get_completions(["--explain"], "GFP001,") == []
    assert [item.value for item in complete.get_completions(["--explain"], "gfp002")] == ["GFP002"]

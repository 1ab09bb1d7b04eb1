"""The entry point of ``gfplint-lsp`` and of ``python -m gfplint.lsp``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from gfplint import __version__
from gfplint.command import failure

_MISSING = (
    "The language server needs pygls, which isn't installed. Install it together with gfplint: "
    "pip install 'gfplint[lsp]'."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve, and leave with the exit status: 0 after an orderly shutdown, 1 without one, 2 for an error."""
    try:
        status = command.main(arguments, prog_name="gfplint-lsp", standalone_mode=False)
    except KeyboardInterrupt:
        status = 130
    except click.ClickException as error:
        sentence = failure.as_sentence(error.format_message())
        status = failure.fail(f"{sentence} 'gfplint-lsp --help' lists the options.", error)
    except Exception as error:  # whatever it is, the user gets a sentence
        status = failure.fail(failure.internal(error), error)
    sys.exit(status if isinstance(status, int) else 0)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--stdio", is_flag=True, help="Talk on standard input and output; this is always so.")
@click.version_option(__version__, message="%(prog)s %(version)s")
def command(stdio: bool) -> int:
    """Serve editors over the Language Server Protocol, on standard input and output.

    An editor starts this; docs/editors.md says how to tell it. Settings come from the editor, under the names
    of the command's options, and from gfplint's configuration file.
    """
    del stdio
    try:
        import pygls  # noqa: F401
    except ImportError as error:
        return failure.fail(_MISSING, error)
    from gfplint.lsp.server import serve

    return serve()


if __name__ == "__main__":
    main()

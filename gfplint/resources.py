"""Where gfplint's own data is: the rules and API models that come with it.

In a checkout they are ``rules/`` beside the package; in a wheel they are ``gfplint/_rules`` inside it.
"""

from __future__ import annotations

from pathlib import Path

from gfplint.errors import ConfigError


def rules_directory() -> Path:
    """The folder of the bundled rules, or `ConfigError` where the installation lacks it."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "_rules", package.parent / "rules"):
        if candidate.is_dir():
            return candidate
    raise ConfigError(
        f"The rules that belong to gfplint are missing: neither {package / '_rules'} nor "
        f"{package.parent / 'rules'} is a folder. Install gfplint again."
    )

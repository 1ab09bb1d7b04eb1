"""From sarif-om's objects to JSON."""

from __future__ import annotations

from functools import cache
from typing import Any

import attr


def plain(value: Any) -> Any:
    """sarif-om objects as dicts under their names in the standard, without what equals its defaults.

    A level is always written, because some readers know no defaults.
    """
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if not attr.has(type(value)):
        return value
    found = {}
    kind: Any = type(value)
    for name, key, default in _properties_of(kind):
        item = getattr(value, name)
        if item is not None and (item != default or name == "level"):
            found[key] = plain(item)
    return found


@cache
def _properties_of(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """For each attribute of a sarif-om class: its name, the standard's name, and the standard's default."""
    found = []
    for field in attr.fields(kind):
        factory = getattr(field.default, "factory", None)
        default = factory() if factory else field.default
        found.append((field.name, field.metadata["schema_property_name"], default))
    return tuple(found)

"""Which files mention a word: plain search over the bytes of many files."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gfplint.kernel.files import read_bytes
from gfplint.kernel.scan import occurrences
from gfplint.kernel.workers import spread


def mentions(root: str, paths: Sequence[str], words: Sequence[str], jobs: int) -> dict[str, tuple[str, ...]]:
    """For each word the sorted paths of the files that contain it as a whole identifier.

    Comments and strings count. A file that can't be read contains nothing.
    """
    encoded = sorted({word.encode() for word in words})

    def work(part: Sequence[str]) -> list[tuple[bytes, str]]:
        hits: list[tuple[bytes, str]] = []
        for path in part:
            try:
                data = read_bytes(os.path.join(root, path))
            except OSError:
                continue
            for word in encoded:
                if word in data and next(occurrences(data, word), None) is not None:
                    hits.append((word, path))
        return hits

    found: dict[str, list[str]] = {word: [] for word in words}
    # Below a few hundred files, starting a process costs more than it saves.
    for hits in spread(work, paths, jobs if len(paths) > 400 else 1):
        for word, path in hits:
            found[word.decode()].append(path)
    return {word: tuple(sorted(paths)) for word, paths in found.items()}

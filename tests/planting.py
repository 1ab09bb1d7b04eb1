"""Edit a real kernel tree without touching it: overlays of hard links, and edits by pattern.

What comes in: an unpacked tree, which is only read; what goes out: an overlay of it, in which files are
replaced (never written through a link), and edited texts. An edit finds its place by pattern and fails
loudly where the pattern isn't there any more. Lines are found again by markers in the planted text, so no
line number of any kernel version stands anywhere.

``fill_balloon()`` of virtio_balloon is written anew by most edits, from a template with a few slots: the
old way, with the allocation in the region that holds ``balloon_lock``. The rest of the driver stays.
``variants.py`` has the edits themselves.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

BALLOON = "drivers/virtio/virtio_balloon.c"
COMPACTION = "mm/balloon_compaction.c"
HEADER = "include/linux/balloon_compaction.h"
EDITED = (BALLOON, COMPACTION, HEADER)

LOCK = "struct virtio_balloon.balloon_lock"

CALL = "/* planted: call */"
"""Behind the call made under the lock: a finding's own line."""
TAKEN = "/* planted: taken */"
ALLOCATION = "/* planted: allocation */"
WAITS = "/* planted: waits */"
"""Behind the acquisition that the notifier ends at; planted in every variant that keeps one."""

SLIM = ("include", "mm", "kernel", "lib", "drivers/virtio", "drivers/base", "arch/x86/include", "arch/x86/mm")
"""What a slim overlay has of a tree: all that virtio_balloon's calls lead to, a twentieth of the whole."""


class PlantingError(Exception):
    """A pattern that an edit needs isn't in the file, or is there more than once."""


# ------------------------------------------------------------------------------------------- overlay


class Overlay:
    """A copy of a tree (or of some of its folders) that costs no space: files are hard links to the tree's.

    Raises :class:`OSError` where links can't be made because the folders are on different file systems.
    """

    def __init__(self, tree: Path, root: Path, folders: tuple[str, ...] = ()) -> None:
        self.tree = tree
        self.root = root
        root.mkdir(parents=True)
        for name in folders or sorted(os.listdir(tree)):
            self._link(name)
        for name in os.listdir(tree):
            if folders and (tree / name).is_file():
                self._link(name)

    def _link(self, name: str) -> None:
        source, target = self.tree / name, self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target, symlinks=True, copy_function=_hard_link)
        else:
            _hard_link(str(source), str(target))

    def write(self, path: str, text: str) -> None:
        """Give a file a new content: the link is removed first, so that the tree keeps its own."""
        target = self.root / path
        target.unlink(missing_ok=True)
        target.write_text(text, encoding="utf-8")

    def restore(self, path: str) -> None:
        """Make a file the tree's again."""
        target = self.root / path
        target.unlink(missing_ok=True)
        if (self.tree / path).exists():
            _hard_link(str(self.tree / path), str(target))


def _hard_link(source: str, target: str) -> None:
    os.link(source, target, follow_symlinks=False)


# --------------------------------------------------------------------------------------------- edits


@dataclass
class Files:
    """The texts that a variant edits, by path; those it changed are in ``changed``."""

    tree: Path
    changed: dict[str, str] = field(default_factory=dict)

    def text(self, path: str) -> str:
        return self.changed.get(path) or (self.tree / path).read_text(encoding="utf-8")

    def replace(self, path: str, pattern: str, new: str, *, count: int = 1) -> None:
        """Put ``new`` (taken literally) where ``pattern`` matches; it must match exactly ``count`` times."""
        text = self.text(path)
        found = len(re.findall(pattern, text))
        if found != count:
            raise PlantingError(f"{path}: the pattern {pattern!r} matches {found} times, not {count}.")
        self.changed[path] = re.sub(pattern, lambda _: new, text)

    def function(self, path: str, name: str) -> tuple[int, int]:
        """Where a function's definition starts and ends, with its return type and its closing brace."""
        text = self.text(path)
        heads = list(re.finditer(rf"^\w[^;{{}}=#]*?\b{name}\([^;{{}}]*\)\s*\{{", text, re.MULTILINE))
        if len(heads) != 1:
            raise PlantingError(f"{path}: {name}() is defined {len(heads)} times, not once.")
        end = text.find("\n}\n", heads[0].end())
        if end < 0:
            raise PlantingError(f"{path}: the end of {name}() isn't found.")
        return heads[0].start(), end + len("\n}\n")

    def body(self, path: str, name: str, new: str) -> None:
        """Replace a whole function by other text."""
        start, end = self.function(path, name)
        text = self.text(path)
        self.changed[path] = text[:start] + new.strip("\n") + "\n" + text[end:]

    def before(self, path: str, name: str, new: str) -> None:
        """Insert text before a function."""
        start, _ = self.function(path, name)
        text = self.text(path)
        self.changed[path] = text[:start] + new.strip("\n") + "\n\n" + text[start:]

    def inside(self, path: str, name: str, pattern: str, new: str) -> None:
        """As :meth:`replace`, but only within one function."""
        start, end = self.function(path, name)
        text = self.text(path)
        found = len(re.findall(pattern, text[start:end]))
        if found != 1:
            raise PlantingError(
                f"{path}: in {name}(), the pattern {pattern!r} matches {found} times, not once."
            )
        self.changed[path] = text[:start] + re.sub(pattern, lambda _: new, text[start:end]) + text[end:]

    def line(self, path: str, marker: str) -> int:
        """The line, from 1, on which a marker stands."""
        return self.position(path, marker)[0]

    def position(self, path: str, marker: str, word: str = "") -> tuple[int, int]:
        """Line and column, from 1, of a marker, or of a word on the marker's line."""
        lines = self.text(path).split("\n")
        found = [number for number, text in enumerate(lines) if marker in text]
        if len(found) != 1:
            raise PlantingError(f"{path}: the marker {marker!r} stands on {len(found)} lines.")
        column = lines[found[0]].find(word or marker)
        if column < 0:
            raise PlantingError(f"{path}: there is no {word!r} on the line of {marker!r}.")
        return found[0] + 1, column + 1


def fill_balloon(
    files: Files,
    call: str,
    *,
    declare: str = "",
    first: str = "",
    lock: str = f"mutex_lock(&vb->balloon_lock);\t{TAKEN}",
    before: str = "",
    after: str = "",
    unlock: str = "mutex_unlock(&vb->balloon_lock);",
    marker: str = CALL,
) -> None:
    """Write ``fill_balloon()`` as it was before the fix: allocate page after page with the lock held.

    ``call`` is the expression that gives a page; ``first`` comes before the lock is taken, ``before`` and
    ``after`` stand around the allocation in the loop. Marks the acquisition in ``leak_balloon()`` too.
    """
    files.body(
        BALLOON,
        "fill_balloon",
        f"""
static unsigned int fill_balloon(struct virtio_balloon *vb, size_t num)
{{
	unsigned int num_allocated_pages;
	struct page *page;
	{declare}

	num = min(num, ARRAY_SIZE(vb->pfns));
	{first}

	{lock}
	for (vb->num_pfns = 0; vb->num_pfns < num; vb->num_pfns += VIRTIO_BALLOON_PAGES_PER_PAGE) {{
		{before}
		page = {call};	{marker}
		{after}
		if (!page)
			break;
		set_page_pfns(vb, vb->pfns + vb->num_pfns, page);
		vb->num_pages += VIRTIO_BALLOON_PAGES_PER_PAGE;
	}}

	num_allocated_pages = vb->num_pfns;
	if (vb->num_pfns != 0)
		tell_host(vb, vb->inflate_vq);
	{unlock}

	return num_allocated_pages;
}}
""",
    )
    files.inside(
        BALLOON,
        "leak_balloon",
        r"mutex_lock\(&vb->balloon_lock\);",
        f"mutex_lock(&vb->balloon_lock);\t{WAITS}",
    )


def direct(files: Files, mask: str, **slots: str) -> None:
    """The allocation in ``fill_balloon()`` itself."""
    fill_balloon(files, f"alloc_page({mask})", marker=f"{CALL} {ALLOCATION}", **slots)


def core_helper(files: Files, name: str, text: str, prototype: str) -> None:
    """Put a function of the balloon core into mm/balloon_compaction.c and its prototype into the header."""
    files.before(COMPACTION, "balloon_page_enqueue", text + f"EXPORT_SYMBOL_GPL({name});")
    files.replace(
        HEADER,
        r"extern struct page \*balloon_page_alloc\(void\);\n",
        f"extern struct page *balloon_page_alloc(void);\nextern {prototype};\n",
    )


def driver_helper(files: Files, text: str) -> None:
    """Put functions of the driver in front of ``fill_balloon()``."""
    files.before(BALLOON, "fill_balloon", text)


def driver_field(files: Files, text: str) -> None:
    """Add a field to ``struct virtio_balloon``, next to the lock."""
    files.replace(BALLOON, r"\tstruct mutex balloon_lock;\n", f"\tstruct mutex balloon_lock;\n\t{text}\n")


def at_probe(files: Files, text: str) -> None:
    """Add a statement to the probe function, next to the lock's initialisation."""
    files.inside(
        BALLOON,
        "virtballoon_probe",
        r"mutex_init\(&vb->balloon_lock\);",
        f"mutex_init(&vb->balloon_lock);\n\t{text}",
    )

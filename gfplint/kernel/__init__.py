"""The kernel tree that is being read.

What comes in: a path inside an unpacked Linux source tree, or a folder with no kernel around it, and
the user's choice of root, ``.config`` and architecture.

What goes out: the tree's root, version and files (:mod:`~gfplint.kernel.tree`), which ``#if`` arms its
configuration chooses (:mod:`~gfplint.kernel.kconfig`), in which file a name is defined, stored to or
mentioned (:mod:`~gfplint.kernel.index`), and the values of its allocation masks
(:mod:`~gfplint.kernel.masks`). Nothing here understands C beyond single lines: an index's answers are
candidates, and :mod:`gfplint.frontend` decides.

What it may import: :mod:`gfplint.errors` and :mod:`gfplint.cexpr`; nothing else of gfplint.
"""

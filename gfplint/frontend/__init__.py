"""Bytes of a C file to functions in the IR.

What comes in: a file's bytes, the configuration (which ``#if`` arms count) and the program's answers
about names that the file uses but does not define (:class:`gfplint.frontend.symbols.Symbols`). What goes
out: items with their places (:mod:`source`) and, for each that is asked for, :mod:`gfplint.ir` objects
(:mod:`lower`).

In order: ``source`` cuts a file into items (``conditionals``, ``heads``, ``lexical``), ``dialect`` makes
the kernel's C plain at the same length and says what it changed (``marks``), ``parse`` hands it to
tree-sitter. Then lowering, layer upon layer, each a class that adds to the one below: ``lower_builder``
(blocks, names, clean-ups), ``types``, ``expressions`` (with ``folding``), ``intrinsics``, ``lower_calls``
(calls and the expansion of macros; the substitution of text is in ``macros``), ``initialisers``,
``lower_guards`` (``guards`` reads their definitions), ``declarations`` (``declarers`` is their table),
``jumps``, ``statements``, ``loop_macros``, and on top ``lower``.

May import: ``gfplint.ir``, ``gfplint.errors``. Not the program, the kernel tree or the analysis.
"""

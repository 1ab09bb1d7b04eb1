"""Many files become one program: who defines a name, what type an expression has, what a call calls.

In: a :class:`gfplint.kernel.tree.KernelTree` and the front end's per-file answers.
Out: :class:`gfplint.program.program.Program`, which answers questions about names, types, calls
through pointers and stored callbacks, each memoised, nothing read before it is asked for.
May import: kernel, frontend, models, cexpr, ir, errors. Never analysis or report.
"""

"""The language server, ``gfplint-lsp``: findings and hovers in an editor.

What comes in: the Language Server Protocol on standard input. What goes out: diagnostics, hovers and progress
on standard output, and nothing else there. Nothing here analyses: each kernel tree has a process of its own
(``worker``) that asks :mod:`gfplint.api`, so the server answers while it works, and work that nobody waits
for any more is ended with its process.

========== =====================================================================
server     the protocol's requests and notifications, by pygls
trees      one tree: which files are open, what was published, what to do next
process    the worker seen from the server: asked, awaited, interrupted
worker     the worker seen from inside: a loop of questions
settings   the editor's settings as options of the command
positions  lines and columns of ours and of the protocol's
render     findings and answers in the protocol's words
========== =====================================================================
"""

"""The parts of the command line: which options there are, what they ask for, and what is done about it.

What comes in: the words that click has read. What goes out: calls of `gfplint.api`, text for `gfplint.output`
and an exit status. No analysis here. A new option is declared in `options`; it means something in `settings`
(how to check, how to print) or in `modes` (what to do). Modules that do the work are imported where they are
used: ``gfplint --version`` and ``--help`` must not wait for them.
"""

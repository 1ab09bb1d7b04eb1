"""What the program may do: values, locks held, allocations reached, where reclaim comes in.

In: :class:`gfplint.program.program.Program` and the rules. Out: :class:`gfplint.findings.Finding`.

Terms. A *fact* is what a caller knows about an argument. A *summary* is the answer to «what may this
function do, given these facts?»: its effects (allocations, waits for locks), each with a witness, and
its exits (value returned, locks taken or dropped, scopes entered or left). A *region* is the code
between taking a lock and letting it go. May import: program, rules, models, ir, findings, errors.
"""

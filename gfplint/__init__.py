"""gfplint: finds allocations in Linux kernel C that can deadlock with memory reclaim.

Importing the package does nothing but set the version: the command line must start fast, so every room below
is imported where it is first needed.
"""

__version__ = "0.1.0"

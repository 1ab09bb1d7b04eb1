"""Answers of earlier runs, kept on disk.

What comes in: bytes by kind and key. What goes out: the same bytes, or nothing. A cache never changes an
answer: a key holds everything that its value depends on (:mod:`~gfplint.cache.identity`), each value carries
a checksum, and whatever is wrong with the folder makes a run slower, not different.

Only :mod:`~gfplint.cache.reports` knows what is kept; the rest imports nothing of gfplint.
"""

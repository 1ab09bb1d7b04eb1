"""From the bytes of a C file to functions in the IR."""

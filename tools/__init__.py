"""What is made from the code and checked in: see `tools.pages`."""

"""The workbench in a browser: textual-serve, with a gate before it."""

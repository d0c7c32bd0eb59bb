"""The Runs pane: every run in a list and on a page, and what can be done with one."""

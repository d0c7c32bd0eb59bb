"""Benchmarks that print; none asserts a time. Threads wait in them as they do in the program."""

from minigpt_tui.waiting import choose_waiting

choose_waiting()

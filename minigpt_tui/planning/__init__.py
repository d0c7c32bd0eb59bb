"""What can be said of a run before a step of it is paid for; nothing here needs torch."""

"""What `minigpt-tui doctor` looks at, a file a subject."""

"""The promises of docs/reliability.md, each put to the test by faults that really happen."""

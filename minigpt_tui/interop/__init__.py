"""Other programs: what they write is read here, and what they read is written."""

"""The trainings of this window: begun, queued, handed over and taken back, and how they end."""

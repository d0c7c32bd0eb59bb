"""The Corpus pane: a text is chosen, read, counted and shown with its tokens."""

"""The transformers, written out."""

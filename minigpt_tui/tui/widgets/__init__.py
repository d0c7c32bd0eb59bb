"""Pieces that panes are made of."""

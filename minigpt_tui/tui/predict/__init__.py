"""The Predict pane: a model is asked at any place of a text, compared, and writes on."""

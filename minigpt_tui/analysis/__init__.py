"""What a trained model does with a text, and where that comes from."""

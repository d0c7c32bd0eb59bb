"""Using a trained model: next tokens, next words, generated text, and the measured loss."""

"""Using a trained model: next tokens, next words, generated text, and the measured loss."""

from minigpt_tui.inference.service import GPTService

__all__ = ["GPTService"]

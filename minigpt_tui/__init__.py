"""Train GPT-style language models from scratch in a terminal, and see what they learned."""

__version__ = "0.1.0"

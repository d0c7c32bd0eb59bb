"""Models for other programs and from them: Hugging Face, safetensors, GGUF, nanoGPT."""

"""A trained model over HTTP, for the programs that speak OpenAI's completions."""

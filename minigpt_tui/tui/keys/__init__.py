"""Keys: what they are called, what somebody maps them to, and where they are explained."""

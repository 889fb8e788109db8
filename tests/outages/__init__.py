"""A vendor is away, in every state of a run: the bot says what it waits for, and goes on."""

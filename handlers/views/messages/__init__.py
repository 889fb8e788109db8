"""What the bot's worker posts in channels, threads and direct messages."""

"""What the bot does by itself, one module for each kind of work; see :mod:`bot.worker`."""

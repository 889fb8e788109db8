"""Pure functions from a run to Block Kit: the same run always looks the same."""

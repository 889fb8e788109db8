"""The real bot process is killed at every failpoint, and nobody must notice (issue of trust)."""

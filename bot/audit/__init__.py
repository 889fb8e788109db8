"""The record: verified, compared with the audit channel, anchored by checkpoints, exported."""

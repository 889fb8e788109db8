"""Fault runs of the bulk reassignment, from outside: everything but Slack is the real thing.

The bot's engine, database, worker and HubSpot adapter run against the sandbox's HubSpot. What is
true is read from the sandbox itself: every call, every reading that arrived, every write.
"""

"""What each action makes happen, one module for each part of the procedure.

A rule is a function ``(run, action, command, now) -> list[Event]`` that may raise ``Refused``.
Whether the action belongs to the run's state, answers the prompt now in force, and comes from
somebody who may, was checked before by :mod:`workflows.decide`.
"""

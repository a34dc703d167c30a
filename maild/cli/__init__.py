"""The command line: one file a group of commands, no logic of its own.

Modules here import little at their top, so that every command starts quickly.
"""

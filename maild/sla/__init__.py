"""How long it may take: working hours, targets, clocks and the steps before and after a due.

Pure: told the events of a ticket and the rules of the house, it computes; it never asks
the time, the store or the config.
"""

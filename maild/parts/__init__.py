"""The parts of the daemon: what each of its processes does, from its start to its end.

A part is imported in its own process only, so that none pays for what another needs.
`run(app, stop, ready)` works until `stop` is asked, and calls `ready` once.
"""

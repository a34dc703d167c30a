"""How the parts are put together: one module for each side of the desk.

Settings are read here, in `app` and in `config`, nowhere below. Modules that need nothing but
settings take those; the others take the `App`, which builds each part once.
"""

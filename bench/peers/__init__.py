"""Other desks, fed the same mail as maild in the same run: `python -m bench.peers`."""

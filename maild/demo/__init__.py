"""`maild demo`: the whole desk on loopback, and a story that shows what each person sees."""

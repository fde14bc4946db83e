"""Whole stories on the real stack: actors, what each does, what is refused, how it ends."""

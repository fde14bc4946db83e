"""Weir beside the registry that it stands in for: the same requests to both, answers compared.

Nothing here runs with the tests; what the reference answered is kept in `tests/registry/verdicts/`.
"""

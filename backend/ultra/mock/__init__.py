"""Servers that speak the vendors' wires: a seeded script, faults on demand, record and replay.

Development and testing run against them over a real socket; nothing in Ultra asks whether it talks to one.
"""

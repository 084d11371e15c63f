"""`make bench`: what the site costs, measured on real servers (docs/speed.md says how).

Figures are for people to read and are never asserted in a test: a shared machine would make such a
test lie. `python -m tests.bench` prints one table and ends with 3 when a promise is missed.
"""

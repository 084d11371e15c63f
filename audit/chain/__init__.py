"""Proof that nobody changed the trail behind our back (docs/trail.md)."""

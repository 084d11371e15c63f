"""Passwords: how they are hashed, within which memory, and which ones may be chosen."""

"""How dates are written, a folder a language; Django's own where there is none."""

"""Browsers that are known for somebody: their failures are counted apart from those of strangers."""

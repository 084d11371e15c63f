"""This site as a provider for other applications."""

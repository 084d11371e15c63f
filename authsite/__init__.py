"""Wiring only: settings, urls, middleware order, deploy checks. Imported by nobody."""

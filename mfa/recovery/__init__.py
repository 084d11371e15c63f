"""The slow lane for somebody whose second steps are all gone: its tables, letters and rules."""

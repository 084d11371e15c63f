"""The copy of their data that people ask for: what is in it, how it is built, and where it rests."""

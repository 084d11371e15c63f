"""The trail, and the key ring for every secret at rest. The lowest room: it knows nobody."""

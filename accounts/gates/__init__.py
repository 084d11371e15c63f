"""What decides whether somebody may sign in: one list of gates, asked by the road and by staff."""

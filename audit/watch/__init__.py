"""What the dashboard of the staff desk shows: numbers, and what they mean (docs/dashboard.md)."""

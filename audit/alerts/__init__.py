"""What staff are alarmed about: rules over numbers and entries (docs/alerts.md)."""

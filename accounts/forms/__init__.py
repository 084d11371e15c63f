"""The forms of getting in and of one's own account. They check shape; flows check the world."""

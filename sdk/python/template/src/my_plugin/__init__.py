"""My provider: how it is reached, and the dialect it speaks."""

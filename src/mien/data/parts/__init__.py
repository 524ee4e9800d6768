"""Parts of readers; what several of them share stands once."""

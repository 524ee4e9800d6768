"""Parts that networks are composed of; each stands once."""

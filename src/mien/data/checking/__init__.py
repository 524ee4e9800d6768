"""Whether a copy of a data set is right."""

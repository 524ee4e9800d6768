"""Copies with the faces found, aligned and stored."""

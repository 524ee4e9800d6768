"""The runtime: sources in, faces with their expressions out. Nothing here imports torch."""

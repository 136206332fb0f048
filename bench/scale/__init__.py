"""What many accounts need, out of what one node costs; docs/scale.md cites what it prints."""

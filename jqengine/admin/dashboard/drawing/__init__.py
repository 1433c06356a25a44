"""Small pictures as SVG: pure functions of what is to be drawn."""

"""JSON texts: split, edited in place, merged, written in the style that is there."""

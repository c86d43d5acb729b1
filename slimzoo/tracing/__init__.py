"""A network before a variable of it exists: its variables, end points, multiply-adds, strides, its graph."""

"""Linear algebra of tensors and of operators known by their products with vectors; knows no network."""

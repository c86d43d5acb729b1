"""Cross-validation: recipes side by side on the same folds."""

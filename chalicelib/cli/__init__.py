"""The programs for operators and developers."""

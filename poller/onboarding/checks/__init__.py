"""What is looked at before a source is trusted: one module a section of the source file."""

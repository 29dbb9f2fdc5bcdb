"""Commands that print or write what is derived from the code. None of them asks AWS."""

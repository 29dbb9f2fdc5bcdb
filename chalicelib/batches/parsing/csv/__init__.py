"""CSV: from lines to rows, from rows to whole orders, by the mapping of the source."""
